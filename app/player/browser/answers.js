// Answers to lessons, kept in this browser: an invisible component that sends what an earlier visit left, once, and stores
// what this one adds.

/** @import {AnswersData, ComponentArguments} from "./types.d.ts" */

const KEY = "lookahead-answers";

/**
 * Streamlit calls this when the Lessons page is opened and after each answer.
 * @param {ComponentArguments<AnswersData>} component
 */
export default function mount({ data, setTriggerValue }) {
  const stored = storedAnswers();
  if (!data.recalled && Object.keys(stored).length) setTriggerValue("recalled", stored);
  else localStorage.setItem(KEY, JSON.stringify(data.answers));
}

/** @returns {Record<string, unknown>} */
function storedAnswers() {
  try {
    return Object(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch {
    return {};
  }
}

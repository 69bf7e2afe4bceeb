// Answers to lessons, kept in this browser: an invisible component that sends what an earlier visit left, once, and stores
// what this one adds.

import { store, storedValue } from "./storage.js";

/** @import {AnswersData, ComponentArguments} from "./types.d.ts" */

const KEY = "lookahead-answers";

/**
 * Streamlit calls this when the Lessons page is opened and after each answer.
 * @param {ComponentArguments<AnswersData>} component
 */
export default function mount({ data, setTriggerValue }) {
  const answers = storedValue(KEY);
  if (!data.recalled && Object.keys(answers ?? {}).length) setTriggerValue("recalled", answers);
  else store(KEY, JSON.stringify(data.answers));
}

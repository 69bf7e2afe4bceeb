export default function () { return () => {}; }

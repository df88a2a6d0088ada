/**
 * Whether a pattern stands for the model: `*` is any run of characters, also none, and everything
 * else is itself. Takes time in proportion to the lengths, since clients choose the model.
 */
export const matchesModel = (pattern: string, model: string): boolean => {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return model === head;
  if (!model.startsWith(head)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = model.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return model.length - tail.length >= at && model.endsWith(tail);
};

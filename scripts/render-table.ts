/** Lines of a plain table: each column as wide as its widest cell, the last one as long as it is. */
export const renderTable = (
  header: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] => {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
};

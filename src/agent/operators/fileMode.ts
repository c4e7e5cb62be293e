const KINDS: ReadonlyMap<number, string> = new Map([
  [0o140000, "s"],
  [0o120000, "l"],
  [0o100000, "-"],
  [0o060000, "b"],
  [0o040000, "d"],
  [0o020000, "c"],
  [0o010000, "p"],
]);

/** As ls writes it: -rw-r--r-- (Mesos: src/common/protobuf_utils.cpp is a number, src/files/files.hpp, model, this). */
export function fileMode(mode: number): string {
  const kind = KINDS.get(mode & 0o170000) ?? "?";
  const bits = [6, 3, 0].map((shift) => {
    const part = (mode >> shift) & 7;
    return `${part & 4 ? "r" : "-"}${part & 2 ? "w" : "-"}${part & 1 ? "x" : "-"}`;
  });
  return kind + bits.join("");
}

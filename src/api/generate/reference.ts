import { API_VERSION, GROUP } from "../group.ts";
import type { Kind } from "../kind.ts";
import { type JsonSchema, structural } from "./structural.ts";

interface Row {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

/** The reference page of a kind, in Markdown: its names, its rules and a row a field. */
export function referencePage(kind: Kind): string {
  const lines = [
    "<!-- Generated from src/api by `npm run generate`. Do not edit. -->",
    `# ${kind.kind}`,
    "",
    kind.description,
    "",
    `\`apiVersion: ${API_VERSION}\`, ${kind.scope === "Cluster" ? "cluster-wide" : "namespaced"}, ` +
      `\`kubectl get ${kind.plural}.${GROUP}\`, short: ${kind.shortNames.map((name) => `\`${name}\``).join(", ")}.`,
  ];
  for (const part of ["spec", "status"] as const) {
    const schema = structural(kind[part], { rules: part === "spec" });
    lines.push("", `## ${part}`, "", "| field | type | meaning |", "|---|---|---|");
    for (const row of rows(schema, part)) lines.push(`| \`${row.path}\` | ${row.type} | ${row.text} |`);
    const found = collectRules(schema, part);
    if (found.length > 0) lines.push("", "Rules:", "", ...found.map((rule) => `- ${rule}`));
  }
  if (kind.rules.length > 0) lines.push("", ...kind.rules.map((rule) => `- ${rule.message}`));
  return `${lines.join("\n")}\n`;
}

function* rows(schema: JsonSchema, path: string): Generator<Row> {
  const properties = (schema.properties ?? {}) as Record<string, JsonSchema>;
  const required = new Set((schema.required as string[] | undefined) ?? []);
  for (const [name, child] of Object.entries(properties)) {
    const here = `${path}.${name}`;
    yield { path: here, type: describeType(child, required.has(name)), text: describeText(child) };
    const items = child.items as JsonSchema | undefined;
    if (items?.properties) yield* rows(items, `${here}[]`);
    else yield* rows(child, here);
  }
}

function describeType(schema: JsonSchema, required: boolean): string {
  const items = schema.items as JsonSchema | undefined;
  const base = schema["x-kubernetes-int-or-string"]
    ? "integer or string"
    : items
      ? `list of ${describeType(items, false)}`
      : schema.additionalProperties
        ? "map of strings"
        : String(schema.type);
  return required ? `${base}, required` : base;
}

function describeText(schema: JsonSchema): string {
  const parts = [String(schema.description ?? "")];
  if (Array.isArray(schema.enum))
    parts.push(`One of ${schema.enum.map((value) => `\`${String(value)}\``).join(", ")}.`);
  if (schema.default !== undefined) parts.push(`Default: \`${JSON.stringify(schema.default)}\`.`);
  return parts.join(" ").replaceAll("|", "\\|").replaceAll("\n", " ").trim();
}

function collectRules(schema: JsonSchema, path: string): string[] {
  const own = ((schema["x-kubernetes-validations"] as { message: string }[] | undefined) ?? []).map(
    (rule) => `\`${path}\`: ${rule.message}`,
  );
  const children = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
  const items = schema.items as JsonSchema | undefined;
  return [
    ...own,
    ...(items ? collectRules(items, `${path}[]`) : []),
    ...children.flatMap(([name, child]) => collectRules(child, `${path}.${name}`)),
  ];
}

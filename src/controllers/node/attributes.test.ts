import { describe, expect, it } from "vitest";
import { Agent, type Agent as AgentObject } from "../../api/agent.ts";
import { typeMeta } from "../../api/kind.ts";
import type { Node } from "../../cluster/core.ts";
import { operatorConfig } from "../../config/operator.ts";
import { agentAttributes, domainOf } from "./attributes.ts";

const agent = (spec: Partial<AgentObject["spec"]> = {}, status?: AgentObject["status"]): AgentObject => ({
  ...typeMeta(Agent),
  metadata: { name: "n1" },
  spec: { unschedulable: false, ...spec },
  ...(status && { status }),
});
const node = (labels: Record<string, string>): Node => ({ metadata: { name: "n1", labels } });
const config = (attributeLabels: string[]) => operatorConfig.parse({ agents: { attributeLabels } });

describe("agentAttributes", () => {
  it("takes the labels that are named, whole or by their beginning", () => {
    const labels = { rack: "r1", "example.com/a": "1", "example.com/b": "2", other: "x" };
    expect(agentAttributes(agent(), node(labels), config(["rack", "example.com/*"]))).toEqual([
      { name: "example.com/a", text: "1" },
      { name: "example.com/b", text: "2" },
      { name: "rack", text: "r1" },
    ]);
  });

  it("lets the Agent's own win", () => {
    const own = agent({ attributes: [{ name: "rack", scalar: 7 }] });
    expect(agentAttributes(own, node({ rack: "r1" }), config(["*"]))).toEqual([{ name: "rack", scalar: 7 }]);
  });

  it("leaves out a key that is no name of an attribute", () => {
    const long = `${"a".repeat(60)}.example/b`;
    expect(agentAttributes(agent(), node({ [long]: "x" }), config(["*"]))).toEqual([]);
  });

  it("does without a node", () => {
    expect(agentAttributes(agent(), undefined, config(["*"]))).toEqual([]);
  });
});

it("domainOf: the node's name stands in for its host name", () => {
  const labels = { "topology.kubernetes.io/region": "eu", "topology.kubernetes.io/zone": "eu-1" };
  expect(domainOf(agent(), node(labels))).toEqual({ hostname: "n1", region: "eu", zone: "eu-1" });
  expect(domainOf(agent({}, { hostname: "h" }), undefined)).toEqual({ hostname: "h" });
});

import { describe, expect, it } from "vitest";
import { parseResources } from "../../resources/index.ts";
import { InverseOffers, type Maintained } from "./inverse.ts";

const framework = { id: "f", multiRole: true, refinement: true, partitionAware: true, regionAware: true };
const on = (agent: string, start = "2026-01-02T00:00:00Z"): Maintained => ({
  agent,
  maintenance: { start, duration: "1h" },
  held: parseResources("cpus:1"),
});

describe("inverse offers", () => {
  it("are made once for each agent, and taken back when nothing is asked any more", () => {
    const inverse = new InverseOffers();
    const first = inverse.look([on("a"), on("b")], framework, 0).offers;
    expect(first.map(({ agentId }) => agentId?.value)).toEqual(["a", "b"]);
    expect(first[0]).toMatchObject({
      frameworkId: { value: "f" },
      unavailability: { duration: { nanoseconds: 3_600_000_000_000n } },
      resources: [{ name: "cpus" }],
    });
    expect(inverse.look([on("a"), on("b")], framework, 1)).toEqual({ offers: [], rescinded: [] });
    expect(inverse.look([on("b")], framework, 2)).toEqual({ offers: [], rescinded: [first[0]?.id?.value] });
    // Another time for the same agent is another question.
    const moved = inverse.look([on("b", "2026-01-03T00:00:00Z")], framework, 3);
    expect(moved.rescinded).toEqual([first[1]?.id?.value]);
    expect(moved.offers).toHaveLength(1);
  });

  it("that are answered come again when their filter ends", () => {
    const inverse = new InverseOffers();
    const [offer] = inverse.look([on("a")], framework, 0).offers;
    inverse.answer("another", 5, 0);
    inverse.answer(offer?.id?.value ?? "", 5, 0);
    expect(inverse.look([on("a")], framework, 4_999)).toEqual({ offers: [], rescinded: [] });
    expect(inverse.look([on("a")], framework, 5_000).offers).toHaveLength(1);
  });
});

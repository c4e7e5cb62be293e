import { expect, test } from "vitest";
import { capabilitiesFor, capabilitiesOfMask } from "./capabilities.ts";

const OWN = capabilitiesOfMask("000001ffffffffff");
const DEFAULT_MASK = "00000000a80425fb";

test("a mask is read bit by bit", () => {
  expect(capabilitiesOfMask("5")).toEqual(["CAP_CHOWN", "CAP_DAC_READ_SEARCH"]);
  expect(OWN).toHaveLength(41);
  expect(capabilitiesOfMask("000001fffeffffff")).not.toContain("CAP_SYS_RESOURCE");
});

test("the default set is that of container engines", () => {
  expect(capabilitiesFor({}, OWN)).toEqual(capabilitiesOfMask(DEFAULT_MASK));
});

test("add and drop change it", () => {
  expect(capabilitiesFor({ dropCapabilities: ["ALL"] }, OWN)).toEqual([]);
  expect(
    capabilitiesFor({ dropCapabilities: ["all"], addCapabilities: ["net_admin", "CAP_CHOWN"] }, OWN),
  ).toEqual(["CAP_CHOWN", "CAP_NET_ADMIN"]);
  expect(capabilitiesFor({ addCapabilities: ["ALL"], dropCapabilities: ["SYS_ADMIN"] }, OWN)).toEqual(
    OWN.filter((name) => name !== "CAP_SYS_ADMIN"),
  );
  expect(() => capabilitiesFor({ addCapabilities: ["FLY"] }, OWN)).toThrow("FLY");
});

test("nothing is given that the agent lacks", () => {
  const own = OWN.filter((name) => name !== "CAP_SYS_RESOURCE");
  expect(capabilitiesFor({ privileged: true }, own)).toEqual(own);
  expect(capabilitiesFor({ addCapabilities: ["SYS_RESOURCE"] }, own)).not.toContain("CAP_SYS_RESOURCE");
});

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runs, timeFor } from "../fuzzing.ts";
import { Administrator, principal } from "./administrator.ts";
import { open } from "./client.ts";
import { type RunningGateway, Scene } from "./scene.ts";

const RUNS = runs(500);
const LIMIT = timeFor(RUNS);

describe("whatever who runs the cluster sends", () => {
  let scene: Scene;
  let gateway: RunningGateway;
  let headers: Record<string, string>;

  beforeAll(async () => {
    scene = await Scene.start();
    gateway = await scene.gateway(await scene.cluster.namespace("opfuzz"), {
      requests: { perSecond: 1e6, burst: 1e6 },
      requestsPerAddress: { perSecond: 1e6, burst: 1e6 },
    });
    headers = await principal(scene.cluster, "opfuzz-admin");
    await scene.cluster.join("f1");
  });
  afterAll(() => scene.stop());

  /** The status; what goes on is left. */
  const send = async (body: string | Uint8Array, type: string, path = "/api/v1"): Promise<number> => {
    const response = await open(gateway.port, { path, body, headers: { "Content-Type": type, ...headers } });
    response.destroy();
    return response.statusCode ?? 0;
  };
  /** Those of the reference: nothing else may come of a body. */
  const known = [200, 202, 400, 403, 404, 409, 501];

  const text = fc.oneof(fc.string(), fc.constantFrom("f1", "*", "opfuzz", "opfuzz/a", "/", ""));
  const id = fc.record({ value: text });
  const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom("Infinity", -1, 0, 1e308));
  const nanos = fc.record({ nanoseconds: number });
  const reservation = fc.record({ type: fc.constantFrom("STATIC", "DYNAMIC"), role: text });
  const resource = fc.record(
    {
      name: fc.constantFrom("cpus", "disk", "ports", "x", ""),
      type: fc.constantFrom("SCALAR", "RANGES", "?"),
      scalar: fc.record({ value: number }),
      ranges: fc.record({ range: fc.array(fc.record({ begin: number, end: number }), { maxLength: 2 }) }),
      reservations: fc.array(reservation, { maxLength: 2 }),
      disk: fc.record({
        persistence: fc.record({ id: text, principal: fc.constant("opfuzz-admin") }),
        volume: fc.record({ container_path: text, mode: fc.constantFrom("RW", "RO") }),
      }),
    },
    { requiredKeys: ["name", "type"] },
  );
  const resources = fc.array(resource, { maxLength: 2 });
  const amounts = fc.dictionary(
    fc.constantFrom("cpus", "mem", "__proto__", "x y"),
    fc.record({ value: number }),
  );
  const machine = fc.record({ hostname: text, ip: text }, { requiredKeys: [] });
  const machines = fc.array(machine, { maxLength: 2 });
  const agent = fc.record({ agent_id: id });
  const bodies = {
    get_metrics: fc.record({ timeout: nanos }),
    set_logging_level: fc.record({ level: number, duration: nanos }),
    list_files: fc.record({ path: text }),
    read_file: fc.record({ path: text, offset: number }),
    update_weights: fc.record({
      weight_infos: fc.array(fc.record({ role: text, weight: number }), { maxLength: 2 }),
    }),
    update_quota: fc.record({
      force: fc.boolean(),
      quota_configs: fc.array(fc.record({ role: text, guarantees: amounts, limits: amounts }), {
        maxLength: 2,
      }),
    }),
    set_quota: fc.record({ quota_request: fc.record({ role: text, guarantee: resources }) }),
    remove_quota: fc.record({ role: text }),
    reserve_resources: fc.record({ agent_id: id, resources }),
    unreserve_resources: fc.record({ agent_id: id, resources }),
    create_volumes: fc.record({ agent_id: id, volumes: resources }),
    destroy_volumes: fc.record({ agent_id: id, volumes: resources }),
    grow_volume: fc.record({ agent_id: id, volume: resource, addition: resource }),
    shrink_volume: fc.record({ agent_id: id, volume: resource, subtract: fc.record({ value: number }) }),
    update_maintenance_schedule: fc.record({
      schedule: fc.record({
        windows: fc.array(
          fc.record({ machine_ids: machines, unavailability: fc.record({ start: nanos, duration: nanos }) }),
          { maxLength: 2 },
        ),
      }),
    }),
    start_maintenance: fc.record({ machines }),
    stop_maintenance: fc.record({ machines }),
    drain_agent: fc.record({ agent_id: id, max_grace_period: fc.record({ seconds: number, nanos: number }) }),
    deactivate_agent: agent,
    reactivate_agent: agent,
    teardown: fc.record({ framework_id: id }),
    mark_agent_gone: fc.record({ agent_id: fc.record({ value: fc.constantFrom("", "no", "*") }) }),
  };
  const reads = [
    "GET_HEALTH",
    "GET_STATE",
    "GET_ROLES",
    "GET_QUOTA",
    "GET_TASKS",
    "GET_MAINTENANCE_STATUS",
    "?",
  ];
  const call = fc.oneof(
    ...Object.entries(bodies).map(([name, body]) =>
      (body as fc.Arbitrary<unknown>).map((value) => ({ type: name.toUpperCase(), [name]: value })),
    ),
    fc.constantFrom(...reads).map((type) => ({ type })),
  );

  it("as JSON that is nearly a call, is answered as the reference says", { timeout: LIMIT }, async () => {
    await fc.assert(
      fc.asyncProperty(call, async (value) => {
        expect(known).toContain(await send(JSON.stringify(value), "application/json"));
      }),
      { numRuns: RUNS },
    );
  });

  it("as bytes, or below a path of v0, is answered as the reference says", { timeout: LIMIT }, async () => {
    const type = fc.constantFrom("application/json", "application/x-protobuf");
    const path = fc.constantFrom(
      "/api/v1",
      "/teardown",
      "/machine/up",
      "/reserve",
      "/quota",
      "/maintenance/schedule",
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), type, path, async (body, contentType, at) => {
        expect(known).toContain(await send(body, contentType, at));
      }),
      { numRuns: RUNS },
    );
  });

  it("leaves the gateway well", async () => {
    const admin = new Administrator(gateway.port, headers);
    expect(await admin.json("/state")).toMatchObject({ slaves: [{ id: "f1" }] });
  });
});

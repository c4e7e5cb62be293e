import { isIPv4 } from "node:net";
import { create } from "@bufbuild/protobuf";
import {
  type MasterInfo,
  MasterInfo_Capability_Type,
  MasterInfoSchema,
} from "../wire/gen/mesos/v1/mesos_pb.ts";

/** The version of Mesos whose API this is. */
export const MESOS_VERSION = "1.12.0";

/** The leader as SUBSCRIBED names it. `address` is host:port, as clients reach it. */
export function masterInfo(id: string, address: string): MasterInfo {
  const colon = address.lastIndexOf(":");
  const hostname = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(colon + 1));
  const { AGENT_UPDATE, AGENT_DRAINING, QUOTA_V2 } = MasterInfo_Capability_Type;
  return create(MasterInfoSchema, {
    id,
    ip: packed(hostname),
    port,
    hostname,
    version: MESOS_VERSION,
    address: { hostname, port, ...(isIPv4(hostname) && { ip: hostname }) },
    capabilities: [AGENT_UPDATE, AGENT_DRAINING, QUOTA_V2].map((type) => ({ type })),
  });
}

/** Four bytes in network order, read as a number of this machine's; 0 where there are none. */
const packed = (hostname: string): number =>
  isIPv4(hostname) ? Buffer.from(hostname.split(".").map(Number)).readUInt32LE() : 0;

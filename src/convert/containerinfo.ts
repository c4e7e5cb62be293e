import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Container } from "../api/container.ts";
import { enumNumber } from "../wire/enums.ts";
import {
  type CapabilityInfo_Capability,
  CapabilityInfo_CapabilitySchema,
  type ContainerInfo,
  ContainerInfo_DockerInfo_Network,
  ContainerInfo_Type,
  ContainerInfoSchema,
  Image_Type,
  type LinuxInfo,
  LinuxInfoSchema,
  type Volume,
} from "../wire/gen/mesos/v1/mesos_pb.ts";

type ContainerInit = MessageInitShape<typeof ContainerInfoSchema>;

/** The way back of containerParts. DOCKER where only that has the words: the host's network by name, privileges. */
export function containerInfo(container: Container, volumes: Volume[]): ContainerInfo {
  const { hostname, image, network, privileged } = container;
  const isDocker = image !== undefined && (network?.mode === "Host" || privileged === true);
  const info = create(ContainerInfoSchema, isDocker ? docker(container, image) : mesos(container));
  info.volumes = volumes;
  if (hostname !== undefined) info.hostname = hostname;
  const linuxInfo = capabilities(container);
  if (linuxInfo !== undefined) info.linuxInfo = linuxInfo;
  return info;
}

function docker({ imagePullPolicy, network, privileged }: Container, image: string): ContainerInit {
  const { BRIDGE, HOST, USER } = ContainerInfo_DockerInfo_Network;
  const name = network?.name;
  return {
    type: ContainerInfo_Type.DOCKER,
    docker: {
      image,
      network: network?.mode !== "CNI" ? HOST : name === undefined ? BRIDGE : USER,
      portMappings: (network?.portMappings ?? []).map((one) => ({ ...one })),
      ...(privileged && { privileged }),
      ...(imagePullPolicy === "Always" && { forcePullImage: true }),
    },
    ...(name !== undefined && { networkInfos: [{ name }] }),
  };
}

function mesos({ image, imagePullPolicy, network }: Container): ContainerInit {
  const always = imagePullPolicy === "Always" && { cached: false };
  return {
    type: ContainerInfo_Type.MESOS,
    ...(image !== undefined && {
      mesos: { image: { type: Image_Type.DOCKER, docker: { name: image }, ...always } },
    }),
    ...(network?.mode === "CNI" && {
      networkInfos: [
        {
          ...(network.name !== undefined && { name: network.name }),
          portMappings: (network.portMappings ?? []).map((one) => ({ ...one })),
        },
      ],
    }),
  };
}

/** Only where all others are dropped is it known what the process has. */
function capabilities({ addCapabilities = [], dropCapabilities = [] }: Container): LinuxInfo | undefined {
  if (!dropCapabilities.includes("ALL")) return undefined;
  const numbers = addCapabilities.flatMap((name) => enumNumber(CapabilityInfo_CapabilitySchema, name) ?? []);
  return create(LinuxInfoSchema, {
    effectiveCapabilities: { capabilities: numbers as CapabilityInfo_Capability[] },
  });
}

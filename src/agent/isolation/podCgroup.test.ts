import { describe, expect, test } from "vitest";
import { CgroupError, cgroupsPath, containerCgroup, podCgroupOf } from "./podCgroup.ts";

const UID = "0b5c2d8e-93f1-4e0b-8a59-6f1d2c3b4a5e";
const UNDERSCORED = UID.replaceAll("-", "_");

const cases: [string, string, ReturnType<typeof podCgroupOf>][] = [
  [
    "v1 with the cgroupfs driver",
    `12:pids:/kubepods/burstable/pod${UID}/c0ffee
5:memory:/kubepods/burstable/pod${UID}/c0ffee
4:cpu,cpuacct:/kubepods/burstable/pod${UID}/c0ffee
1:name=systemd:/kubepods/burstable/pod${UID}/c0ffee
`,
    { path: `/kubepods/burstable/pod${UID}`, driver: "cgroupfs", version: "v1" },
  ],
  [
    "v1 and an empty unified hierarchy, below a cgroup root of its own",
    `9:name=systemd:/
8:pids:/n2/kubepods/burstable/pod${UID}/c0ffee
4:memory:/n2/kubepods/burstable/pod${UID}/c0ffee
2:cpuacct:/n2/kubepods/burstable/pod${UID}/c0ffee
1:cpu:/n2/kubepods/burstable/pod${UID}/c0ffee
0::/
`,
    { path: `/n2/kubepods/burstable/pod${UID}`, driver: "cgroupfs", version: "v1" },
  ],
  [
    "v1 with the systemd driver",
    `5:memory:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-c0ffee.scope
4:cpu,cpuacct:/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-c0ffee.scope
`,
    {
      path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice`,
      driver: "systemd",
      version: "v1",
    },
  ],
  [
    "v2 with the systemd driver",
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-c0ffee.scope\n`,
    {
      path: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice`,
      driver: "systemd",
      version: "v2",
    },
  ],
  [
    "v2 with the cgroupfs driver, the container with cgroups of its own inside",
    `0::/kubepods/burstable/pod${UID}/c0ffee/init.scope\n`,
    { path: `/kubepods/burstable/pod${UID}`, driver: "cgroupfs", version: "v2" },
  ],
  [
    "v2 in kind, whose kubelet lies in a slice of its own",
    `0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-c0ffee.scope\n`,
    {
      path: `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${UNDERSCORED}.slice`,
      driver: "systemd",
      version: "v2",
    },
  ],
  [
    "a guaranteed Pod of a static file, whose uid is a hash",
    "0::/kubepods/pod0123456789abcdef0123456789abcdef/c0ffee\n",
    { path: "/kubepods/pod0123456789abcdef0123456789abcdef", driver: "cgroupfs", version: "v2" },
  ],
];

describe("podCgroupOf", () => {
  test.each(cases)("%s", (_, text, expected) => {
    expect(podCgroupOf(text)).toEqual(expected);
  });

  test.each([
    ["no Pod", "0::/system.slice/containerd.service\n"],
    ["a name that only looks like a Pod's", "0::/kubepods/podcast/c0ffee\n"],
    ["another cgroup namespace", `0::/../../kubepods/burstable/pod${UID}/c0ffee\n`],
    ["controllers apart", `5:memory:/kubepods/pod${UID}/a\n4:cpu:/elsewhere\n`],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(() => podCgroupOf(text)).toThrow(CgroupError);
  });
});

describe("a container's place", () => {
  test("with cgroupfs is a folder below the Pod's", () => {
    const pod = { path: `/kubepods/pod${UID}`, driver: "cgroupfs", version: "v2" } as const;
    expect(cgroupsPath(pod, "t1")).toBe(`/kubepods/pod${UID}/mesos-t1`);
    expect(containerCgroup(pod, "t1")).toBe(`/kubepods/pod${UID}/mesos-t1`);
  });

  test("with systemd is a scope in the Pod's slice", () => {
    const pod = {
      path: `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice`,
      driver: "systemd",
      version: "v2",
    } as const;
    expect(cgroupsPath(pod, "t1")).toBe(`kubepods-pod${UNDERSCORED}.slice:mesos:t1`);
    expect(containerCgroup(pod, "t1")).toBe(
      `/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/mesos-t1.scope`,
    );
  });

  test("without a Pod is apart", () => {
    expect(cgroupsPath(undefined, "t1")).toBe("/mesos/mesos-t1");
  });
});

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  CommandInfoSchema,
  ContainerInfo_Type,
  ContainerInfoSchema,
  Environment_Variable_Type,
} from "../../wire/gen/mesos/v1/mesos_pb.ts";
import { programOf } from "./program.ts";

type CommandInit = MessageInitShape<typeof CommandInfoSchema>;
type ContainerInit = MessageInitShape<typeof ContainerInfoSchema>;
const program = (command: CommandInit, container?: ContainerInit, tty: "tty" | "no tty" = "tty") =>
  programOf(create(CommandInfoSchema, command), container && create(ContainerInfoSchema, container), tty);
const MESOS = ContainerInfo_Type.MESOS;

test("a line for the shell, or a program with what comes after argv[0]", () => {
  expect(program({ value: "echo $HOME" })).toEqual({ argv: ["/bin/sh", "-c", "echo $HOME"], env: {} });
  expect(program({ shell: false, value: "/bin/ls", arguments: ["ls", "-l"] }).argv).toEqual([
    "/bin/ls",
    "-l",
  ]);
  const variables = [{ name: "A", value: "1" }];
  expect(program({ value: "x", environment: { variables } }).env).toEqual({ A: "1" });
});

test("a terminal, with a size or without", () => {
  expect(program({ value: "sh" }, { type: MESOS }).terminal).toBeUndefined();
  expect(program({ value: "sh" }, { type: MESOS, ttyInfo: {} }).terminal).toBe("unsized");
  const ttyInfo = { windowSize: { rows: 2, columns: 3 } };
  expect(program({ value: "sh" }, { type: MESOS, ttyInfo }).terminal).toEqual({ rows: 2, columns: 3 });
});

test.each<[string, CommandInit, ContainerInit | undefined, RegExp]>([
  ["no program", { shell: false }, undefined, /'command.value'/],
  ["another user", { value: "x", user: "root" }, undefined, /'command.user' is not supported/],
  ["files", { value: "x", uris: [{ value: "http://a/b" }] }, undefined, /'command.uris' is not supported/],
  [
    "a secret",
    {
      value: "x",
      environment: {
        variables: [
          {
            name: "A",
            type: Environment_Variable_Type.SECRET,
            secret: { type: 1, reference: { name: "s", key: "k" } },
          },
        ],
      },
    },
    undefined,
    /secret of variable 'A'/,
  ],
  [
    "a strange name",
    { value: "x", environment: { variables: [{ name: "A=B", value: "" }] } },
    undefined,
    /cannot be set/,
  ],
  [
    "an image",
    { value: "x" },
    { type: MESOS, mesos: { image: { type: 2 } } },
    /'container.mesos' is not supported/,
  ],
  ["Docker", { value: "x" }, { type: ContainerInfo_Type.DOCKER }, /type must be MESOS/],
  [
    "privileges",
    { value: "x" },
    { type: MESOS, linuxInfo: { capabilityInfo: {} } },
    /capability_info' is not supported/,
  ],
  [
    "a cgroup of its own",
    { value: "x" },
    { type: MESOS, linuxInfo: { shareCgroups: false } },
    /share_cgroups/,
  ],
])("%s is refused", (_what, command, container, words) => {
  expect(() => program(command, container)).toThrow(words);
});

test("a terminal belongs to a session", () => {
  expect(() => program({ value: "x" }, { type: MESOS, ttyInfo: {} }, "no tty")).toThrow(/tty_info/);
});

import { InvalidSpecError } from "./errors.ts";

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home?: string;
}

interface Passwd {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The kernel knows 32 bits, most tools 31. */
const MAX_ID = 2 ** 31 - 1;

function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_ID ? id : undefined;
}

function lines(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => line.trim().split(":"));
}

/** passwd(5); lines that do not parse are left out. */
export function parsePasswd(text: string): Passwd[] {
  return lines(text).flatMap(([name = "", , uid, gid, , home = ""]) => {
    const [u, g] = [parseId(uid), parseId(gid)];
    return name === "" || u === undefined || g === undefined ? [] : [{ name, uid: u, gid: g, home }];
  });
}

/** group(5); lines that do not parse are left out. */
export function parseGroup(text: string): Group[] {
  return lines(text).flatMap(([name = "", , gid, members = ""]) => {
    const id = parseId(gid);
    return name === "" || id === undefined
      ? []
      : [{ name, gid: id, members: members.split(",").filter((member) => member !== "") }];
  });
}

/** True if only the image's passwd and group files can tell the ids; numbers need none (then group and home are taken if found). */
export function needsNames(user: string): boolean {
  return user
    .split(":")
    .filter((part) => part !== "")
    .some((part) => parseId(part) === undefined);
}

/**
 * Docker's rules for USER: "user[:group]", a name before a number; without a group the user's own (else 0) and the groups it is a member
 * of; with a group that one alone. Throws InvalidSpecError for a name that the files do not have.
 */
export function resolveUser(user: string, passwdText: string, groupText: string): ResolvedUser {
  const [userPart = "", groupPart = "", ...rest] = user.split(":");
  if (rest.length > 0) throw new InvalidSpecError(`user "${user}" has more than one colon`);
  const wanted = userPart === "" ? "0" : userPart;
  const users = parsePasswd(passwdText);
  const id = parseId(wanted);
  const entry = users.find((each) => each.name === wanted) ?? users.find((each) => each.uid === id);
  const uid = entry?.uid ?? id;
  if (uid === undefined) throw new InvalidSpecError(`user "${wanted}" is not in the image's /etc/passwd`);
  const home = entry === undefined || entry.home === "" ? {} : { home: entry.home };

  const groups = parseGroup(groupText);
  if (groupPart === "") {
    const additionalGids = groups
      .filter((group) => entry !== undefined && group.members.includes(entry.name))
      .map((group) => group.gid);
    return { uid, gid: entry?.gid ?? 0, additionalGids, ...home };
  }
  const gid = groups.find((group) => group.name === groupPart)?.gid ?? parseId(groupPart);
  if (gid === undefined) throw new InvalidSpecError(`group "${groupPart}" is not in the image's /etc/group`);
  return { uid, gid, additionalGids: [], ...home };
}

import { createHash } from "node:crypto";

/** What of a name for people an object's name may have; "" if nothing. */
export const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replace(/^-+|-+$/g, "");

/** Ten characters that stand for the text. */
export const shortHash = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 10);

/** The object of a role: named as the role is where that is an object's name, and always the same. */
export const roleObjectName = (role: string): string =>
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(role) && role.length <= 63
    ? role
    : `${slug(role)}-${shortHash(role)}`;

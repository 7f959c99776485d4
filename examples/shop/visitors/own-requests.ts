/**
 * Lets only our own pages change something. A form of another site would be sent with the visitor's cookie if that were not `SameSite`; a browser
 * that knows says where a request comes from; and a request of a visitor with a session has to have the token that only our pages have. One
 * without a session has nothing that could be misused.
 */
import { timingSafeEqual } from "node:crypto";
import type { NextFunction, Request, Response } from "express";
import { problemPage } from "../pages/own.ts";
import { visitorOf } from "./visitor.ts";

export function onlyOwnRequests(request: Request, response: Response, next: NextFunction): void {
  if (request.method === "GET" || request.method === "HEAD" || isOwn(request)) return next();
  response.status(403).send(problemPage("Please try again", "This form is too old, or not ours. Load its page anew."));
}

function isOwn(request: Request): boolean {
  const site = request.get("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") return false;
  const origin = request.get("origin");
  if (origin !== undefined && URL.parse(origin)?.host !== request.get("host")) return false;
  const expected = visitorOf(request).get("token");
  return expected === undefined || isEqual(String(request.body?.token ?? ""), expected);
}

function isEqual(given: string, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

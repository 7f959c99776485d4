import { describe, expect, test } from "bun:test";
import { ChannelMembers } from "./channel-members.ts";

describe("a channel's members", () => {
  test("one joins and leaves: the engine is told to end it", () => {
    const channel = new ChannelMembers<string>();
    channel.join();
    expect(channel.joined("a")).toBe(false);
    expect(channel.leave("a")).toBe("unsubscribe");
    expect([...channel.members]).toEqual(["a"]);
    expect(channel.left("a")).toBe(false);
    expect(channel.isUnused).toBe(true);
  });

  test("the last of several to leave ends it, though the others have not left yet", () => {
    const channel = new ChannelMembers<string>();
    for (const member of ["a", "b"]) {
      channel.join();
      channel.joined(member);
    }
    expect(channel.leave("a")).toBe("fence");
    expect(channel.leave("b")).toBe("unsubscribe");
    expect([channel.left("a"), channel.left("b")]).toEqual([false, false]);
    expect(channel.isUnused).toBe(true);
  });

  test("who comes while the last one leaves keeps it", () => {
    const channel = new ChannelMembers<string>();
    channel.join();
    channel.joined("a");
    expect(channel.leave("a")).toBe("unsubscribe");
    channel.join();
    expect(channel.left("a")).toBe(false);
    expect(channel.joined("b")).toBe(false);
    expect([...channel.members]).toEqual(["b"]);
    expect(channel.leave("b")).toBe("unsubscribe");
  });

  test("a client that is gone before it is confirmed leaves nothing behind", () => {
    const channel = new ChannelMembers<string>();
    channel.join();
    expect(channel.joined(null)).toBe(true);
    expect(channel.isUnused).toBe(true);
  });

  test("a refused one leaves nothing behind, and does not end what others have", () => {
    const channel = new ChannelMembers<string>();
    channel.join();
    expect(channel.refused(false)).toBe(false);
    expect(channel.isUnused).toBe(true);
    channel.join();
    channel.joined("a");
    channel.join();
    expect(channel.refused(true)).toBe(false);
    expect(channel.isWanted).toBe(true);
  });

  test("the last member goes while another's request is refused: the engine is told after all", () => {
    const channel = new ChannelMembers<string>();
    channel.join();
    channel.joined("a");
    channel.join();
    expect(channel.gone("a")).toBe(false);
    expect(channel.refused(true)).toBe(true);
    expect(channel.isUnused).toBe(true);
  });

  test("a client that is gone while it leaves is told of once", () => {
    const channel = new ChannelMembers<string>();
    channel.join();
    channel.joined("a");
    expect(channel.leave("a")).toBe("unsubscribe");
    expect([channel.gone("a"), channel.left("a")]).toEqual([false, false]);
    expect(channel.isUnused).toBe(true);
  });

  test("who is not let go stays a member", () => {
    const channel = new ChannelMembers<string>();
    channel.join();
    channel.joined("a");
    channel.leave("a");
    channel.stayed("a");
    expect([channel.isWanted, ...channel.members]).toEqual([true, "a"]);
    expect(channel.leave("a")).toBe("unsubscribe");
  });

  test("leaving what one is not in asks for nothing", () => {
    const channel = new ChannelMembers<string>();
    expect([channel.leave("a"), channel.left("a"), channel.isUnused]).toEqual(["fence", false, true]);
  });
});

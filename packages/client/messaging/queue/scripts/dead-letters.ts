/** Dead letters go back into the queue, or away. */
import { Script } from "../../../connection/script.ts";
import { prelude } from "./prelude.ts";

/** Arguments: entries of the stream of dead letters. Each begins anew, with no attempts; its history stays. Answers how many there were. */
export const retryDeadScript = new Script(`${prelude}
local count = 0
for _, entry in ipairs(ARGV) do
  local found = redis.call('XRANGE', q .. ':dead', entry, entry)[1]
  if found then
    local header, rest = headerOf(found[2][2])
    if header then
      header.a, header.x = nil, nil
      redis.call('XDEL', q .. ':dead', entry)
      place(header.l or 3, header.k, cjson.encode(header) .. rest)
      count = count + 1
    end
  end
end
if count > 0 then wake() end
return count
`);

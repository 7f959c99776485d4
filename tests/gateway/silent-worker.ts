/** A process that meets gateway workers at the socket that is given, tells of four clients of `shop`, and then answers nothing. */
const [path] = process.argv.slice(2);
Bun.listen({
  unix: path as string,
  socket: {
    open(socket) {
      socket.write('{"clients":{"shop":4},"areAll":true}\n{"ports":[]}\n');
    },
    data() {},
  },
});
process.stdout.write("ready\n");

// What running feeds say of themselves, and their newest pictures, pushed by the console. It sends what is newest when the
// page has drawn what came before: to a page that is slow it sends less, and nothing waits in between.

const NOT_ALLOWED = 4401;

// began(): all is told anew; took(name, now): a feed says so; pictured(name, blob): its picture, after it; drawn(): all that
// changed is here, resolves when it is on the screen.
export function follow({ began, took, pictured, drawn }) {
  let socket = null;
  const listen = () => {
    began();
    const one = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`);
    one.binaryType = "blob";
    let name = null;
    one.onmessage = async ({ data }) => {
      if (typeof data !== "string") pictured(name, data);
      else if (data) { const now = JSON.parse(data); name = now.name; took(name, now); }
      else {
        await drawn();
        if (one.readyState === WebSocket.OPEN) one.send("");
      }
    };
    one.onclose = ({ code }) => { if (!document.hidden && code !== NOT_ALLOWED) setTimeout(attend, 2000); };
    return one;
  };
  const attend = () => {
    if (document.hidden) { socket?.close(); socket = null; } else if (!socket || socket.readyState > WebSocket.OPEN) socket = listen();
  };
  document.addEventListener("visibilitychange", attend);
  document.addEventListener("regained", () => { socket?.close(); socket = null; attend(); }); // what broke may never say so
  attend();
}

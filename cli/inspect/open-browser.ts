/** Opens a page in the user's browser, if there is a way to. */
import { spawn } from "node:child_process";

const openers: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

export function openBrowser(url: string, failed: () => void): void {
  const [command = "", ...args] = openers[process.platform] ?? ["xdg-open"];
  const opener = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  opener.on("error", failed);
  opener.on("exit", (code) => {
    if (code !== 0) failed();
  });
  opener.unref();
}

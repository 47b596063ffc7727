// A program without packages, which listens on PORT unless OWN_PORT says otherwise.
// LATE is how many milliseconds it takes to start. With CHILD it starts another process, which
// outlives it unless its group ends. It says on /healthz with status HEALTH, 200 by default.
// SIGTERM ends it at once; with GRACE it answers for as many milliseconds more.
import { spawn } from "node:child_process";
import { createServer } from "node:http";

const { CHILD, GRACE, HEALTH, LATE, OWN_PORT, PORT } = process.env;

const server = createServer((request, response) => {
  response.statusCode = request.url === "/healthz" ? Number(HEALTH ?? 200) : 200;
  response.setHeader("Location", "/login");
  response.end(JSON.stringify({ pid: process.pid, cwd: process.cwd() }));
});

if (GRACE) {
  process.on("SIGTERM", () => setTimeout(() => process.exit(), Number(GRACE)));
}
if (CHILD) {
  const child = spawn("sleep", ["60"], { stdio: "inherit" });
  console.log(`child ${child.pid}`);
}
setTimeout(() => server.listen(Number(OWN_PORT ?? PORT), () => console.log("listens")), Number(LATE ?? 0));

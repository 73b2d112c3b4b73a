// Echoes with Koishi and its adapter for Satori: `node koishi_echo.cjs PORT TOKEN`.
const { Context } = require("koishi");

const [port, token] = process.argv.slice(2);
const app = new Context();
app.plugin(require("@koishijs/plugin-http").default);
app.plugin(require("@satorijs/adapter-satori").default, {
  endpoint: `http://127.0.0.1:${port}/satori`,
  token,
});
app.middleware((session) => "koishi:" + session.content);
app.start();

/** The page of `synod inspect`: puts what is heard of the cluster in front of a person. */
import { Cluster } from "./cluster/cluster.ts";
import { leadersOf } from "./cluster/replica.ts";
import { byId, setText } from "./dom.ts";
import { liveUrl, openLive, type ConnectionState } from "./live-connection.ts";
import { ActorPage } from "./views/actor-view.ts";
import { OverviewView } from "./views/overview.ts";
import { TreeView } from "./views/tree.ts";

interface MachinesDocument {
  readonly machines: Readonly<Record<string, { readonly svg: string | null }>>;
}

const cluster = new Cluster();
const filter = byId("filter", HTMLInputElement);
const overviewSection = byId("overview", HTMLElement);
const actorSection = byId("actor", HTMLElement);
const tree = new TreeView(
  cluster,
  byId("tree", HTMLUListElement),
  byId("nothing-found", HTMLElement),
  (actor) => {
    location.hash = `#/${actor}`;
  },
);
const overview = new OverviewView(cluster, overviewSection);
const charts = new Map<string, string>();
const actorPage = new ActorPage(cluster, actorSection, charts);
let connection: ConnectionState = "connecting";
let isFramePlanned = false;

/** The actor in the address; "" is the overview. */
function chosen(): string {
  return decodeURIComponent(location.hash.replace(/^#\/?/, ""));
}

function route(): void {
  const actor = chosen();
  overviewSection.hidden = actor !== "";
  actorSection.hidden = actor === "";
  byId("to-overview", HTMLElement).toggleAttribute("data-current", actor === "");
  document.title = actor === "" ? "Synod" : `${actor} - Synod`;
  tree.selected = actor === "" ? undefined : actor;
  if (actor !== "") actorPage.show(actor);
}

/** A page that no screen shows changes all the same, so that what it hears does not pile up. */
const unseenMs = 500;

/** However much is heard, the page changes once for each picture that the screen shows. */
function planFrame(): void {
  if (isFramePlanned) return;
  isFramePlanned = true;
  const frame = requestAnimationFrame(drawAsPlanned);
  const timer = setTimeout(drawAsPlanned, unseenMs);
  function drawAsPlanned(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    isFramePlanned = false;
    draw();
  }
}

function draw(): void {
  const { structure, nodes, actors, happenings } = cluster.takeChanges();
  if (structure) {
    tree.rebuild();
    overview.rebuild();
    actorPage.rebuild();
    route();
  } else if (nodes) {
    tree.refreshAll();
    overview.refreshAll();
    actorPage.refresh();
  } else {
    tree.refresh(actors);
    overview.refresh(actors);
    if (actors.has(chosen())) actorPage.refresh();
  }
  if (happenings || structure) overview.refreshHappenings();
  tell();
}

/** What is the matter with the page itself, and the cluster in one line. */
function tell(): void {
  const state = byId("connection", HTMLElement);
  const notice = byId("notice", HTMLElement);
  const { nodes, groups, hasBroker } = cluster;
  const there = nodes.filter(({ gone }) => !gone).length;
  const led = groups.filter((group) => leadersOf(cluster, group).length > 0).length;
  const problem =
    connection === "lost"
      ? "synod inspect does not answer: this page goes on by itself when it is started again. What it shows is from before."
      : !hasBroker
        ? "The nats-server cannot be reached. What this page shows is from before; it goes on as soon as it can."
        : nodes.length > 0 && there === 0
          ? "No node answers. What this page shows is from before; it goes on as soon as one is back."
          : "";
  document.body.classList.toggle("stale", problem !== "");
  notice.hidden = problem === "";
  setText(notice, problem);
  setText(state, connection === "open" ? (problem === "" ? "live" : "waiting") : connection);
  state.dataset["tone"] = connection === "open" && problem === "" ? "lead" : "busy";
  setText(
    byId("summary", HTMLElement),
    nodes.length === 0
      ? ""
      : `${there} of ${nodes.length} nodes · ${led} of ${groups.length} groups led`,
  );
}

function pressed(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape" && document.activeElement === filter) {
    filter.value = "";
    tree.filter = "";
    filter.blur();
    return;
  }
  if (event.target === filter && (event.key === "ArrowDown" || event.key === "Enter")) {
    tree.focusFound();
    event.preventDefault();
    return;
  }
  // Letters typed into a field are no keys of ours; on a check box they are.
  if (event.target === filter) return;
  if (event.key === "/") filter.focus();
  else if (event.key === "o") location.hash = "#/";
  else if (event.key === "f" && chosen() !== "") actorPage.toggleFit();
  else return;
  event.preventDefault();
}

async function begin(): Promise<void> {
  const answer = await fetch("/machines.json");
  const { machines } = (await answer.json()) as MachinesDocument;
  for (const [id, { svg }] of Object.entries(machines)) if (svg !== null) charts.set(id, svg);
  openLive(liveUrl(location.href), {
    heard: (message) => {
      cluster.apply(message, Date.now());
      planFrame();
    },
    stateChanged: (state) => {
      connection = state;
      planFrame();
    },
  });
}

addEventListener("hashchange", route);
document.addEventListener("keydown", pressed);
filter.addEventListener("input", () => {
  tree.filter = filter.value;
});
route();
planFrame();
begin().catch((failure: unknown) => {
  connection = "lost";
  setText(byId("notice", HTMLElement), String(failure));
  byId("notice", HTMLElement).hidden = false;
});

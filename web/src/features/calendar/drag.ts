/* Moving a visit, or its end, with a pointer. Esc leaves it where it was. */
import type { Visit } from "../../fhir/appointment";
import { snapped } from "./layout";

/* Where the visit would be: which column, and minutes since midnight. */
export interface Ghost {
  visit: Visit;
  fromColumn: string;
  column: string;
  from: number;
  to: number;
}

interface Start {
  visit: Visit;
  column: string;
  from: number;
  to: number;
  event: PointerEvent;
  end: boolean /* the end alone is taken hold of */;
}

const startPixels = 4; /* a press that moves less is a click */
const shortest = 5;

/* The column under the pointer, and the minute there. */
function under(event: PointerEvent): { column: string; minute: number } | undefined {
  const body = document
    .elementsFromPoint(event.clientX, event.clientY)
    .map((one) => one.closest<HTMLElement>("[data-column]"))
    .find(Boolean);
  if (!body) return undefined;
  const box = body.getBoundingClientRect();
  const first = Number(body.dataset.from);
  const perMinute = box.height / (Number(body.dataset.to) - first);
  return {
    column: body.dataset.column ?? "",
    minute: first + (event.clientY - box.top) / perMinute,
  };
}

/* The click that follows a release is not meant for the visit. */
function swallowClick(): void {
  const stop = (event: Event) => event.stopPropagation();
  addEventListener("click", stop, { capture: true });
  setTimeout(() => removeEventListener("click", stop, { capture: true }));
}

/* `show` gets where it would be, nothing at the end; `drop` is called once if it was moved. */
export function drag(
  start: Start,
  show: (ghost: Ghost | undefined) => void,
  drop: (ghost: Ghost) => void,
): void {
  const held = under(start.event);
  if (!held || start.event.button !== 0 || start.event.pointerType === "touch") return;
  const grip = held.minute - start.from;
  const length = start.to - start.from;
  let ghost: Ghost | undefined;
  const control = new AbortController();
  const { signal } = control;

  function end(): void {
    control.abort();
    show(undefined);
  }
  function follow(event: PointerEvent): void {
    const far = Math.hypot(
      event.clientX - start.event.clientX,
      event.clientY - start.event.clientY,
    );
    const at = under(event);
    if ((!ghost && far < startPixels) || !at) return;
    const from = start.end ? start.from : Math.max(0, snapped(at.minute - grip));
    const to = start.end ? Math.max(from + shortest, snapped(at.minute)) : from + length;
    const column = start.end ? start.column : at.column;
    ghost = { visit: start.visit, fromColumn: start.column, column, from, to };
    show(ghost);
  }
  function release(): void {
    const last = ghost;
    end();
    if (!last) return;
    /* The click that follows the release is not meant for the visit. */
    addEventListener("click", (event) => event.stopPropagation(), {
      capture: true,
      once: true,
    });
    setTimeout(() => drop(last));
  }
  addEventListener("pointermove", follow, { signal });
  addEventListener("pointerup", release, { signal });
  addEventListener("pointercancel", end, { signal });
  addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      end();
      addEventListener("pointerup", swallowClick, { once: true });
    },
    { signal, capture: true },
  );
}

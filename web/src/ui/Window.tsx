/* A list of any length of which only what is seen is in the page. Rows are of one height; arrow keys, Page Up
 * and Down, Home and End go through all of it, whatever is drawn. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  height: number /* of a row, in pixels */;
  label: string;
  row: (item: T) => ComponentChildren;
}

const beyond = 6; /* rows drawn before and after what is seen */

export function Window<T>(props: Props<T>) {
  const { items, height } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(600);
  const wanted = useRef(-1); /* the row that gets the focus when it is drawn */
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setSeen(element.clientHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (wanted.current < 0) return;
    const row = frame.current?.querySelector(`[data-at="${wanted.current}"]`);
    const target = row?.querySelector<HTMLElement>("a, button");
    if (!target) return;
    wanted.current = -1;
    target.focus({ preventScroll: true });
  });
  const first = Math.max(0, Math.floor(top / height) - beyond);
  const last = Math.min(items.length, Math.ceil((top + seen) / height) + beyond);

  const goTo = (at: number) => {
    const element = frame.current;
    if (!element || !items.length) return;
    const place = Math.min(items.length - 1, Math.max(0, at));
    wanted.current = place;
    if (place * height < element.scrollTop) element.scrollTop = place * height;
    else if ((place + 1) * height > element.scrollTop + element.clientHeight)
      element.scrollTop = (place + 1) * height - element.clientHeight;
    setTop(element.scrollTop);
  };
  const pressed = (event: KeyboardEvent) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-at]");
    const at = row ? Number(row.dataset.at) : -1;
    const page = Math.max(1, Math.floor(seen / height) - 1);
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: items.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <section
      class="window"
      aria-label={props.label}
      ref={frame}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={pressed}
    >
      <ul style={{ height: `${items.length * height}px` }}>
        {items.slice(first, last).map((item, number) => (
          <li
            key={props.keyOf(item)}
            data-at={first + number}
            aria-setsize={items.length}
            aria-posinset={first + number + 1}
            style={{ top: `${(first + number) * height}px`, height: `${height}px` }}
          >
            {props.row(item)}
          </li>
        ))}
      </ul>
    </section>
  );
}

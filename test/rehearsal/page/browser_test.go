//go:build browser

package page_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/rehearsal/page"
	"example.com/strangler/test/rehearsal/page/browser"
)

// open shows the page of a rehearsal in a browser.
func open(t *testing.T, f *fake) (context.Context, *httptest.Server) {
	t.Helper()
	s := serve(t, f)
	ctx := browser.Open(t)
	do(t, ctx, chromedp.Navigate(s.URL), chromedp.WaitVisible(chromedp.CSS(`[data-service="legacy"]`)))
	return ctx, s
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, steps...))
}

// eval is what an expression is in the page.
func eval[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err, expression)
	return value
}

// wait is for a condition in the page.
func wait(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](condition))
	require.NoError(t, err, "waiting for %s", condition)
}

// texts is a JavaScript list of what the elements say, each on one line.
func texts(selector string) string {
	return fmt.Sprintf("[...document.querySelectorAll(%q)].map((e) => e.innerText.replace(/\\s+/g, ' ').trim())", selector)
}

func TestPageShowsTheRehearsal(t *testing.T) {
	f := newFake()
	ctx, _ := open(t, f)
	browser.Quiet(t, ctx)
	for selector, want := range map[string][]string{
		`[data-service="beta"] .inbound li`:  {"25 % /api/beta"},
		`[data-service="gamma"] .inbound li`: {"no live rule"},
		`[data-service="legacy"] .inbound li`: {
			"50 % GET, HEAD, *.example.com, /api/alpha", "75 % /api/beta", "100 % /api/gamma", "100 % everything else",
		},
		`[data-service="alpha"] .inbound li`:      {"100 % /api/alpha", "50 % GET, HEAD, *.example.com, /api/alpha"},
		`[data-service="alpha"] [data-slot="of"]`: {"of alpha", "of alpha.reads"},
		`[data-service="gamma"] .task`:            {"healthy 127.0.0.1:37604", "starting 127.0.0.1:44190"},
		`[data-service="beta"] .rates p`:          {"15 requests/s 0.4 errors/s"},
		`[data-service="beta"] .calls li`:         {"calls alpha 6.5/s 0.2 errors/s"},
		`[data-service="gamma"] .calls li`:        {"calls alpha 0/s"},
		`[data-service="alpha"] .calls li`:        {},
		`[data-rule="Beta/BetaLiveRule"]`:         {"25200 /api/beta /api/beta/* beta 25 % legacy 75 %"},
		`[data-rule="Alpha/AlphaPreviewRule"]`:    {"100 X-Route-To: alpha from 10.0.0.0/16 alpha 100 %"},
		`[data-rule="Alpha/AlphaLiveRule"]`: {
			"25100 /api/alpha /api/alpha/* host *.example.com verb GET or HEAD alpha 50 % legacy 50 % rewrites ^/api/(.*)$ → /$1",
		},
		`#timeline [data-kind="task"]`: {
			"03:04:02 beta task 2 has ended: exit status 1: no database", "03:04:01 beta task 3 is healthy",
		},
		`#timeline .error`:                {"03:04:02 beta task 2 has ended: exit status 1: no database"},
		`#timeline [data-kind="scaling"]`: {"03:04:04 alpha scales from 2 to 3 tasks: CPU is 81, its target 60"},
		`#timeline li:first-child time, #timeline li:last-child time`: {"03:04:04", "03:04:00"},
		`[data-rule="Edge/Listener"]`:                                 {"default no other rule answer 404"},
		`#answers tbody tr:nth-child(5)`:                              {"GET /api/beta/b-1027 503 beta 12.9"},
		`#deployment[data-running="false"] #move`:                     {"beta: 10% → 25%, complete"},
		`#connection`: {"connected"},
	} {
		assert.Equal(t, want, eval[[]string](t, ctx, texts(selector)), selector)
	}
	assert.Equal(t, len(f.State().Rules), eval[int](t, ctx, `document.querySelectorAll("[data-rule]").length`), "rules")
	assert.Equal(t, "fixture: rehearsal", eval[string](t, ctx, `document.title`))
	words := `[...document.querySelectorAll("[data-service=alpha] form:last-child option")].map((option) => option.value)`
	assert.Equal(t, f.State().Services[0].Routes[0].Phases, eval[[]string](t, ctx, words), "the words of a route")
	// Two tasks that have no address yet, and then none.
	count := `document.querySelectorAll("[data-service=gamma] .task").length`
	f.change(func(s *page.State) { s.Services[2].Tasks = []page.Task{{State: "starting"}, {State: "starting"}} })
	wait(t, ctx, count+` === 2 && `+texts(`[data-service="gamma"] .task`)+`.every((text) => text === "starting")`)
	f.change(func(s *page.State) { s.Services[2].Tasks = nil })
	wait(t, ctx, count+" === 0")

	// One line for alpha, two for its reads, two for beta, one each for gamma and everything else.
	widths := `[...document.querySelectorAll("#lines .line")].map((l) => Number(l.getAttribute("stroke-width")))`
	assert.Equal(t, []float64{14, 7, 7, 3.5, 10.5, 14, 14}, eval[[]float64](t, ctx, widths), "how wide the lines are")

	// A line for each connection, which moves while there are calls and leaves the card of the caller for
	// that of the callee.
	assert.Equal(t, 2, eval[int](t, ctx, `document.querySelectorAll("#lines .call").length`), "connections")
	assert.Equal(t, 1, eval[int](t, ctx, `document.querySelectorAll("#lines .call ~ .motion").length`), "connections in use")
	ends := `[...document.querySelectorAll("#lines .call")].map((line) => {
		const [from, to] = [line.getPointAtLength(0), line.getPointAtLength(line.getTotalLength())];
		const at = ({y}) => [...document.querySelectorAll(".program")].find((card) => {
			const [box, frame] = [card, document.getElementById("diagram")].map((e) => e.getBoundingClientRect());
			return box.top - frame.top <= y && y <= box.bottom - frame.top;
		})?.dataset.service;
		return at(from) + " " + at(to);
	})`
	assert.Equal(t, []string{"beta alpha", "gamma alpha"}, eval[[]string](t, ctx, ends))
	f.change(func(s *page.State) { s.Connections = nil })
	wait(t, ctx, `document.querySelectorAll("#lines .call, .calls li").length === 0`)
}

func TestMoveByKeyboard(t *testing.T) {
	f := newFake()
	ctx, _ := open(t, f)
	browser.Quiet(t, ctx)
	tabTo(t, ctx, `[data-service="gamma"] select[name=phase]`)
	do(t, ctx, chromedp.KeyEvent(kb.ArrowDown))

	// The choice outlives the next states.
	f.change(func(s *page.State) { s.Services[2].RequestsPerSecond = 77 })
	wait(t, ctx, texts(`[data-service="gamma"] .rates`)+`[0].startsWith("77")`)
	require.Equal(t, "10%", eval[string](t, ctx, `document.activeElement.value`))

	do(t, ctx, chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	wait(t, ctx, `document.querySelector("#deployment").dataset.running === "true"`)
	assert.Equal(t, []string{
		"gamma: dark → 10%, running",
		"create Gamma GammaLiveRule /api/gamma → legacy 90 %, gamma 10 %",
		"Gamma GammaLiveRule create in progress",
	}, eval[[]string](t, ctx, texts("#move, #changes li, #log li")))
	assert.Zero(t, eval[int](t, ctx, `document.querySelectorAll("form button:enabled").length`),
		"buttons for a second move while the first is deployed")

	f.finish()
	wait(t, ctx, `document.querySelector("[data-service=gamma]").dataset.phase === "10%"`)
	wait(t, ctx, `document.querySelector("#deployment").dataset.running === "false"`)
	assert.Zero(t, eval[int](t, ctx, `document.querySelectorAll("button:disabled, form[data-chosen]").length`),
		"controls that are not ready for the next move")
}

func tabTo(t *testing.T, ctx context.Context, selector string) {
	t.Helper()
	for range 40 {
		do(t, ctx, chromedp.KeyEvent(kb.Tab))
		if eval[bool](t, ctx, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			return
		}
	}
	require.FailNow(t, "Tab does not reach it", selector)
}

// A select follows the rehearsal until a phase is chosen in it.
func TestSelectFollowsThePhase(t *testing.T) {
	f := newFake()
	ctx, _ := open(t, f)
	f.change(func(s *page.State) { s.Services[2].Phase = "33%" })
	wait(t, ctx, `document.querySelector("[data-service=gamma] select").value === "33%"`)
}

func TestRefusalIsShown(t *testing.T) {
	f := newFake()
	f.refuse = errors.New(`"legacy" cannot be drained while "gamma" is dark: make every service live or strangled first`)
	ctx, _ := open(t, f)
	do(t, ctx, chromedp.Click(chromedp.CSS(`[data-service="legacy"] form button`)), chromedp.WaitVisible(chromedp.CSS("[aria-live] #refusal")))
	assert.Equal(t, []string{f.refuse.Error()}, eval[[]string](t, ctx, texts("#refusal")))
	wait(t, ctx, `document.querySelectorAll("button:disabled").length === 0`)
}

func TestConnectionLost(t *testing.T) {
	ctx, s := open(t, newFake())
	s.CloseClientConnections()
	wait(t, ctx, `document.querySelector("#connection").textContent === "connection lost"`)
	wait(t, ctx, `document.querySelector("#connection").textContent === "connected"`)
}

// The log of a program opens and closes with the keyboard, follows what its tasks write, and is
// text whatever they write.
func TestLogByKeyboard(t *testing.T) {
	f := newFake()
	ctx, _ := open(t, f)
	browser.Quiet(t, ctx)
	beta := `[data-service="beta"] .open`
	tabTo(t, ctx, beta)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	wait(t, ctx, `document.querySelectorAll("#logs-tasks > li").length === 2`)
	assert.Equal(t, []string{"task 3, 127.0.0.1:40022", "task 2, 127.0.0.1:35519, ended"}, eval[[]string](t, ctx, texts("#logs h3")))
	assert.Equal(t, []string{`{"level":"INFO","msg":"serving"}`, `<b onclick="alert(1)">bold</b>`, "no database"},
		eval[[]string](t, ctx, texts("#logs .lines li")))
	assert.Zero(t, eval[int](t, ctx, `document.querySelectorAll("#logs b").length`), "lines that are markup")
	assert.Equal(t, "logs-title", eval[string](t, ctx, `document.activeElement.id`))

	f.mu.Lock()
	f.logs["beta"] = append([]page.Log{{Task: 4}}, f.logs["beta"]...)
	f.mu.Unlock()
	wait(t, ctx, texts("#logs h3")+`[0] === "task 4"`)

	// Another program's, which has no task, and Escape.
	tabTo(t, ctx, `#logs button`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	wait(t, ctx, fmt.Sprintf(`document.getElementById("logs").hidden && document.activeElement.matches(%q)`, beta))
	tabTo(t, ctx, `[data-service="gamma"] .open`)
	do(t, ctx, chromedp.KeyEvent(kb.Enter))
	wait(t, ctx, texts("#logs-problem")+`[0] === "No task has started yet."`)
	assert.Equal(t, []string{"gamma"}, eval[[]string](t, ctx,
		`[...document.querySelectorAll("[aria-expanded=true]")].map((e) => e.closest(".program").dataset.service)`))
	do(t, ctx, chromedp.KeyEvent(kb.Escape))
	wait(t, ctx, `document.getElementById("logs").hidden && document.querySelectorAll("[aria-expanded=true]").length === 0`)
}

// The time line shows what comes, at its head.
func TestTimelineGrows(t *testing.T) {
	f := newFake()
	ctx, _ := open(t, f)
	f.change(func(s *page.State) {
		next := page.Event{Number: 6, Time: at(9), Kind: "task", Program: "gamma", Text: "task <1> is healthy"}
		s.Timeline = append([]page.Event{next}, s.Timeline...)
	})
	wait(t, ctx, texts("#timeline li")+`[0] === "03:04:09 gamma task <1> is healthy"`)
	assert.Equal(t, 6, eval[int](t, ctx, `document.querySelectorAll("#timeline li").length`))
}

// Twelve services have a card, a port, a line and a colour each, and fit on a phone.
func TestTwelveServices(t *testing.T) {
	ctx, _ := open(t, newFakeOf(12))
	browser.Quiet(t, ctx)
	for _, width := range []int64{360, 390, 921, 1151, 1280, 1920} {
		do(t, ctx, chromedp.EmulateViewport(width, 800))
		over := eval[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
		assert.LessOrEqual(t, over, 0, "how much too wide the page is at %d px", width)
		assert.Empty(t, eval[[]string](t, ctx, spilling), "what leaves its card at %d px", width)
	}
	for what, want := range map[string]int{`.program`: 13, `#ports li`: 13, `#lines .line`: 25, `#lines .call`: 11, `#rules [data-rule]`: 13} {
		assert.Equal(t, want, eval[int](t, ctx, fmt.Sprintf(`document.querySelectorAll(%q).length`, what)), what)
	}
	colours := `new Set([...document.querySelectorAll(".program")].map((card) => getComputedStyle(card).borderLeftColor)).size`
	assert.Equal(t, 13, eval[int](t, ctx, colours), "colours")
	overlap := `[...document.querySelectorAll("#ports li")].filter((port, i, all) =>
		i > 0 && port.getBoundingClientRect().top < all[i - 1].getBoundingClientRect().bottom).length`
	assert.Zero(t, eval[int](t, ctx, overlap), "ports that overlap")
}

// From a narrow phone up, nothing but a table's own container scrolls sideways.
func TestEveryWidth(t *testing.T) {
	ctx, _ := open(t, newFake())
	browser.Quiet(t, ctx)
	for _, width := range []int64{360, 390, 920, 921, 1000, 1150, 1151, 1280, 1920} {
		do(t, ctx, chromedp.EmulateViewport(width, 800))
		over := eval[int](t, ctx, `document.documentElement.scrollWidth - document.documentElement.clientWidth`)
		assert.LessOrEqual(t, over, 0, "how much too wide the page is at %d px", width)
		assert.Empty(t, eval[[]string](t, ctx, spilling), "what leaves its card at %d px", width)
		narrow := `Math.min(...[...document.querySelectorAll("select")].map((e) => e.getBoundingClientRect().width))`
		assert.GreaterOrEqual(t, eval[float64](t, ctx, narrow), 80.0, "the narrowest select at %d px", width)
	}
}

// spilling are the parts of cards that reach over the card's edge.
const spilling = `[...document.querySelectorAll(".program")].flatMap((card) =>
	[...card.querySelectorAll("select, button, h3, .chart, li")]
		.filter((part) => part.getBoundingClientRect().right > card.getBoundingClientRect().right)
		.map((part) => card.dataset.service + " " + part.tagName))`

func TestContrast(t *testing.T) {
	ctx, _ := open(t, newFake())
	browser.Quiet(t, ctx)
	grounds := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		do(t, ctx, prefer(scheme))
		grounds[scheme] = eval[string](t, ctx, `getComputedStyle(document.body).backgroundColor`)
		assert.Empty(t, eval[[]string](t, ctx, fmt.Sprintf(faintTexts, 4.5)), scheme)
	}
	assert.NotEqual(t, grounds["light"], grounds["dark"], "the grounds of light and dark")
}

// prefer emulates the system's colour scheme.
func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

// faintTexts are the elements with text of their own whose contrast with the
// ground behind them, after WCAG 2, is less than a limit.
const faintTexts = `(() => {
	const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
	const luminance = (colour) => {
		const [r, g, b] = numbers(colour).map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const ground = (node) => {
		const colour = getComputedStyle(node).backgroundColor;
		return numbers(colour)[3] === 0 ? ground(node.parentElement) : colour;
	};
	const contrast = (node) => {
		const [a, b] = [luminance(getComputedStyle(node).color), luminance(ground(node))];
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	};
	return [...document.body.querySelectorAll("*")]
		.filter((node) => node.checkVisibility() && [...node.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim()))
		.filter((node) => contrast(node) < %v)
		.map((node) => node.tagName + " " + node.textContent + " " + contrast(node).toFixed(2));
})()`

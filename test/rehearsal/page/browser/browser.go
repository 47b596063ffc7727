//go:build browser

// Package browser gives a test a real browser.
package browser

import (
	"context"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// limit ends a test whose page never does what it waits for.
const limit = time.Minute

// Open starts a headless Chromium with a profile of its own and returns the
// context of its one tab, for chromedp. Both end with the test. A machine without
// Chromium fails the test: a skipped one would look like a page that works.
func Open(t testing.TB) context.Context {
	t.Helper()
	program, err := exec.LookPath("chromium")
	require.NoError(t, err, "this test needs Chromium, a program named chromium in PATH")
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(t.TempDir()),
		// It leaves files in the folder for temporary ones.
		chromedp.Env("TMPDIR="+t.TempDir()),
		chromedp.WindowSize(1280, 900),
		// Containers lack what the sandbox and the GPU need.
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		// The page is all that the browser may load.
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx), "Chromium did not start")
	return ctx
}

// Quiet fails the test for every error that the page writes to the console, and
// for every exception that nothing caught.
func Quiet(t testing.TB, ctx context.Context) {
	t.Helper()
	var (
		mu     sync.Mutex
		errors []string
	)
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.IsException() {
				mu.Lock()
				errors = append(errors, m.String())
				mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		assert.Empty(t, errors, "the page's console")
	})
}

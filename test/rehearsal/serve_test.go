//go:build browser && unix

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/load"
	"example.com/strangler/test/internal/region"
	"example.com/strangler/test/rehearsal/page/browser"
)

// A person moves a service from dark to live with the keyboard, sees what that
// changes, and from then on the service answers.
func TestPersonMovesAService(t *testing.T) {
	r := newTestRehearsal(t)
	first, monolith := r.catalog.Services[0], r.catalog.Monolith.Name
	r.region.SetValues(region.Values{first.Name: {"GREETING": "serving"}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- r.show(ctx, listener, 50, start(r.catalog), func(string) { close(ready) })
	}()
	defer func() {
		stop()
		assert.NoError(t, <-ended)
	}()
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		require.FailNow(t, "the show ended before it was ready", "%v", err)
	}

	url := "http://" + listener.Addr().String()
	target := r.sample()
	assert.Equal(t, monolith, servedBy(t, url+target), "dark: %s", target)
	assert.Equal(t, monolith, servedBy(t, url+"/another/path"), "a path that the page has not")
	tab := browser.Open(t)
	service := fmt.Sprintf(`[data-service=%q]`, first.Name)
	require.NoError(t, chromedp.Do(tab,
		chromedp.Navigate(url),
		chromedp.WaitVisible(service+`[data-phase="dark"]`),
		chromedp.Focus(service+` select[name="phase"]`),
		chromedp.KeyEvent("live"),
		chromedp.KeyEvent(kb.Tab),
		chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible(service+`[data-phase="live"]`),
		chromedp.WaitReady(`#deployment[data-running="false"]`),
	))
	title, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.title`))
	require.NoError(t, err)
	assert.Equal(t, r.catalog.Name+": rehearsal", title)
	changes, err := chromedp.Run(tab, chromedp.Text(`#deployment`))
	require.NoError(t, err)
	for _, want := range []string{first.Name + ": dark → live", first.ID(), "LiveRule", first.Name + " 100 %"} {
		assert.Contains(t, changes, want)
	}
	assert.Equal(t, first.Name, servedBy(t, url+target), "live: %s", target)

	log, err := http.Get(url + "/logs?program=" + first.Name)
	require.NoError(t, err)
	defer log.Body.Close()
	written, err := io.ReadAll(log.Body)
	require.NoError(t, err)
	assert.Contains(t, string(written), `\"msg\":\"***\"`, "what the program writes when it serves")
	assert.NotContains(t, string(written), "serving")
	events, err := chromedp.Run(tab, chromedp.Text(`#timeline`))
	require.NoError(t, err)
	assert.Regexp(t, `(?s)dark → live is complete.*dark → live begins.*all dark is complete.*task 1 is healthy.*all dark begins`, events)
}

func servedBy(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url)
	require.NoError(t, err)
	response.Body.Close()
	return load.Program(response.Header)
}

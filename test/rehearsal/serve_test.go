//go:build browser

package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"example.com/strangler/test/rehearsal/page/browser"
)

// A person moves a service from dark to live with the keyboard, sees what that
// changes, and from then on the service answers.
func TestPersonMovesAService(t *testing.T) {
	r := newTestRehearsal(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- r.show(ctx, listener, 50, start(r.catalog), func() { close(ready) })
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-ready:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}

	url := "http://" + listener.Addr().String()
	if by := servedBy(t, url+"/api/users"); by != "monolith" {
		t.Errorf("in the dark /api/users is served by %q", by)
	}
	tab := browser.Open(t)
	if err := chromedp.Do(tab,
		chromedp.Navigate(url),
		chromedp.WaitVisible(`[data-service="users"][data-phase="dark"]`),
		chromedp.Focus(`[data-service="users"] select[name="phase"]`),
		chromedp.KeyEvent("live"),
		chromedp.KeyEvent(kb.Tab),
		chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible(`[data-service="users"][data-phase="live"]`),
		chromedp.WaitReady(`#deployment[data-running="false"]`),
	); err != nil {
		t.Fatal(err)
	}
	changes, err := chromedp.Run(tab, chromedp.Text(`#deployment`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"users: dark → live", "Users", "LiveRule", "users 100 %"} {
		if !strings.Contains(changes, want) {
			t.Errorf("the page does not say %q: %s", want, changes)
		}
	}
	if by := servedBy(t, url+"/api/users"); by != "users" {
		t.Errorf("live, /api/users is served by %q", by)
	}
}

func servedBy(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.Header.Get("X-Served-By")
}

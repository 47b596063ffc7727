//go:build unix

package region

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/test/internal/assembly"
)

const noName = "no such host"

// A program reaches those that it may call and no other, although it has the URLs of all:
// a name that its deployment knows leads to packets that are dropped, and one that came
// after its deployment is none.
func TestDeclaredIsReachable(t *testing.T) {
	t.Parallel()
	calls := map[string][]string{"Alpha": {"Beta"}, "Beta": {"Gamma"}, "Gamma": nil}
	s := system(calls).start(t)
	refused := func(caller, callee string) string {
		status, answer := s.call(t, caller, callee)
		if status == "0" {
			assert.Contains(t, answer, noName, "%s → %s", caller, callee)
		}
		return status
	}
	for caller := range calls {
		for callee := range calls {
			want := "0" // gamma was deployed first, alpha last
			switch {
			case slices.Contains(calls[caller], callee):
				want = "200"
			case caller <= callee:
				want = "504"
			}
			assert.Equal(t, want, refused(caller, callee), "%s → %s", caller, callee)
		}
	}
	s.redeploy("Gamma")
	s.deploy(t)
	assert.Equal(t, "504", refused("Gamma", "Alpha"), "once it knows the name")
}

// What lets a connection through is the template's: each of these changes keeps alpha from
// beta.
func TestWhatAConnectionNeeds(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(template)
		want string
	}{
		"no rule into beta": {func(s template) {
			delete(s, "BetaFromAlpha")
			s["AlphaService"]["DependsOn"] = []string{"AlphaRule", "BetaService"}
		}, "504"},
		"no rule out of alpha": {func(s template) {
			delete(s, "AlphaToBeta")
			s["AlphaService"]["DependsOn"] = []string{"AlphaRule", "BetaService"}
		}, "504"},
		"another port": {func(s template) {
			s.part("BetaService", "ServiceConnectConfiguration", "Services")["IngressPortOverride"] = connectionPort + 1
		}, "504"},
		"the port of the program": {func(s template) {
			delete(s.part("BetaService", "ServiceConnectConfiguration", "Services"), "IngressPortOverride")
		}, "504"},
		"another namespace": {func(s template) {
			s.part("BetaService", "ServiceConnectConfiguration")["Namespace"] = "other"
		}, "0"},
		"another name": {func(s template) {
			s.part("BetaService", "ServiceConnectConfiguration", "Services", "ClientAliases")["DnsName"] = "beta-2"
		}, "0"},
		"another port of the alias": {func(s template) {
			s.part("BetaService", "ServiceConnectConfiguration", "Services", "ClientAliases")["Port"] = 81
		}, "0"},
		"beta has no Service Connect":  {func(s template) { delete(s.part("BetaService"), "ServiceConnectConfiguration") }, "0"},
		"alpha has no Service Connect": {func(s template) { delete(s.part("AlphaService"), "ServiceConnectConfiguration") }, "0"},
		"nothing is changed":           {func(template) {}, "200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := system(map[string][]string{"Alpha": {"Beta"}, "Beta": nil})
			for _, id := range []string{"AlphaService", "BetaService"} {
				s.part(id)["DesiredCount"] = 1
			}
			test.edit(s)
			status, answer := s.start(t).call(t, "Alpha", "Beta")
			assert.Equal(t, test.want, status, answer)
			if test.want == "0" {
				assert.Contains(t, answer, noName)
			}
		})
	}
}

// A caller that was deployed before its callee does not find it, nor does a task that
// replaces one of its own, until the caller is deployed again.
func TestNameThatCameLater(t *testing.T) {
	t.Parallel()
	s := system(map[string][]string{"Alpha": {"Beta"}, "Beta": nil})
	s["AlphaService"]["DependsOn"], s["BetaService"]["DependsOn"] = []string{"AlphaRule"}, []string{"BetaRule", "AlphaService"}
	r := s.start(t)
	status, answer := r.call(t, "Alpha", "Beta")
	assert.Equal(t, "0", status)
	assert.Contains(t, answer, noName)
	before := r.healthy("Alpha")
	r.Kill("alpha")
	eventually(t, "replacements", func() bool {
		now := r.healthy("Alpha")
		return len(now) == 2 && !slices.Contains(before, now[0]) && !slices.Contains(before, now[1])
	})
	status, _ = r.call(t, "Alpha", "Beta")
	assert.Equal(t, "0", status, "a replacement")
	r.redeploy("Alpha")
	r.deploy(t)
	status, _ = r.call(t, "Alpha", "Beta")
	assert.Equal(t, "200", status, "another deployment")
}

// The tasks of a callee get requests in turn. One that answers 503 or does not listen costs
// no caller an answer, and is avoided after five failures.
func TestTasksOfACallee(t *testing.T) {
	s := system(map[string][]string{"Alpha": {"Beta"}, "Beta": nil}).start(t)
	got := map[string]int{}
	for range 10 {
		status, port := s.call(t, "Alpha", "Beta")
		assert.Equal(t, "200", status)
		got[port]++
	}
	require.Len(t, got, 2)
	for port, n := range got {
		assert.Equal(t, 5, n, port)
	}
	assert.Equal(t, []Connection{{Caller: "alpha", Callee: "alpha"}, {Caller: "alpha", Callee: "beta", Requests: 10, Attempts: 10}},
		s.Connections()[:2])
	answering(t, s.healthy("Beta")[0], http.StatusServiceUnavailable)
	for range 20 {
		status, _ := s.call(t, "Alpha", "Beta")
		assert.Equal(t, "200", status, "one task of two answers 503")
	}
	assert.Equal(t, Connection{Caller: "alpha", Callee: "beta", Requests: 30, Attempts: 35, Ejected: 1}, s.Connections()[1])
}

// A name is there as soon as its service, and leads nowhere while that has no task: at its
// creation, and once it is gone.
func TestCalleeWithoutTasks(t *testing.T) {
	t.Parallel()
	s := system(map[string][]string{"Alpha": {"Beta"}, "Beta": nil})
	s.part("BetaService")["DesiredCount"] = 0
	r := s.start(t)
	status, answer := r.call(t, "Alpha", "Beta")
	assert.Equal(t, "503", status, answer)
	s.part("BetaService")["DesiredCount"] = 2
	r.deploy(t)
	status, _ = r.call(t, "Alpha", "Beta")
	assert.Equal(t, "200", status, "the caller is still that of before")
	before := r.healthy("Alpha")
	s["AlphaService"]["DependsOn"] = []string{"AlphaRule"}
	for _, id := range []string{"BetaService", "AlphaToBeta", "BetaFromAlpha"} {
		delete(s, id)
	}
	r.deploy(t)
	assert.Equal(t, before, r.healthy("Alpha"))
	eventually(t, "no task", func() bool {
		status, _ := r.call(t, "Alpha", "Beta")
		return status == "503"
	})
	r.redeploy("Alpha")
	r.deploy(t)
	status, answer = r.call(t, "Alpha", "Beta")
	assert.Equal(t, "0", status, answer)
}

// underCalls calls from alpha to beta, twenty times a second, while work runs, and returns
// the answers that were wrong.
func (s *running) underCalls(t *testing.T, work func()) []string {
	t.Helper()
	caller := s.healthy("Alpha")[0]
	var wrong []string
	ctx, stop := context.WithCancel(t.Context())
	var client sync.WaitGroup
	client.Go(func() {
		for sleep(ctx, 50*time.Millisecond) {
			response, err := http.Get("http://" + caller + "/call/BETA_URL")
			if !assert.NoError(t, err) {
				return
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if !strings.HasPrefix(string(body), "200 ") {
				wrong = append(wrong, string(body))
			}
		}
	})
	work()
	stop()
	client.Wait()
	return wrong
}

// While the callee is deployed no call fails that a retry can save: a task is reached
// before it listens, and one that leaves serves until the proxies know. What this does not
// claim: at many calls a second a task has failed five times before it listens, and is
// then avoided although it is healthy.
func TestDeploymentOfACallee(t *testing.T) {
	s := system(map[string][]string{"Alpha": {"Beta"}, "Beta": nil})
	s.part("BetaService")["DesiredCount"] = 1
	r := s.start(t)
	before := r.healthy("Beta")
	wrong := r.underCalls(t, func() {
		s.redeploy("Beta")
		r.deploy(t)
	})
	assert.Empty(t, wrong)
	assert.NotEqual(t, before, r.healthy("Beta"))
	var namespace string
	for at := range r.namespaces.all {
		namespace = at.namespace
	}
	eventually(t, "the proxies know only what runs", func() bool {
		return slices.Equal(r.healthy("Beta"), r.namespaces.known(namespace)["beta:80"].addresses())
	})
}

// A caller gets 503 while all tasks of the callee are dead, and needs no restart.
func TestDeathOfACallee(t *testing.T) {
	s := system(map[string][]string{"Alpha": {"Beta"}, "Beta": nil}).start(t)
	caller := s.healthy("Alpha")
	wrong := s.underCalls(t, func() {
		s.Doom("beta", 1)
		s.Kill("beta")
		time.Sleep(500 * time.Millisecond)
		s.Doom("beta", 0)
		eventually(t, "two tasks", func() bool { return len(s.healthy("Beta")) == 2 })
	})
	assert.NotEmpty(t, wrong)
	for _, answer := range wrong {
		assert.True(t, strings.HasPrefix(answer, "503 "), answer)
	}
	eventually(t, "calls", func() bool {
		status, _ := s.call(t, "Alpha", "Beta")
		return status == "200"
	})
	assert.Equal(t, caller, s.healthy("Alpha"))
	assert.Positive(t, s.Connections()[1].Failures)
}

// A name is one service's, and leads to a port mapping that has a name.
func TestServiceConnectThatECSRefuses(t *testing.T) {
	names := &namespaces{all: map[entry]*published{}}
	orders := []assembly.Endpoint{{DiscoveryName: "orders"}}
	_, err := names.publish("first", "orders", "shop", orders)
	require.NoError(t, err)
	_, err = names.publish("second", "orders", "other", orders)
	require.NoError(t, err)
	_, err = names.publish("third", "orders", "shop", orders)
	assert.EqualError(t, err, "the name orders is another service's in the namespace shop")
	_, err = names.publish("first", "orders", "shop", nil)
	require.NoError(t, err)
	_, err = names.publish("third", "orders", "shop", orders)
	assert.NoError(t, err, "a name that is given up")
	_, err = instanceOf(assembly.Endpoint{PortName: "http"}, assembly.Container{Name: "orders", Ports: []int{8080}})
	assert.EqualError(t, err, `the portName "http" of Service Connect is that of no port mapping of the container orders`)
	container := assembly.Container{PortNames: map[string]int{"http": 8080}, Environment: map[string]string{"PORT": "9090"}}
	i, err := instanceOf(assembly.Endpoint{PortName: "http"}, container)
	require.NoError(t, err)
	assert.Equal(t, instance{port: 8080}, i, "a program that listens elsewhere")
}

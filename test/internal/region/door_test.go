package region

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"example.com/strangler/test/internal/alb"
	"example.com/strangler/test/internal/assembly"
)

func openTestDoor(t *testing.T) *door {
	t.Helper()
	d, err := openDoor()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

func listener(id string) assembly.Listener {
	return assembly.Listener{
		Resource: assembly.Resource{Stack: "Edge", LogicalID: id},
		Routing:  alb.Listener{Default: alb.FixedResponse{StatusCode: 404}},
	}
}

func rule(id string, priority int, group string, conditions ...alb.Condition) assembly.ListenerRule {
	r := assembly.ListenerRule{Resource: assembly.Resource{Stack: "Users", LogicalID: id}}
	r.Rule = alb.Rule{ID: r.Identity(), Priority: priority, Conditions: conditions, Action: alb.ForwardTo(group)}
	return r
}

func program(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, name) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Every change of a rule or a group is there for the next request.
func TestDoorObeysTheRulesOfTheMoment(t *testing.T) {
	d := openTestDoor(t)
	expect := func(url string, status int, body string) {
		t.Helper()
		request, err := http.NewRequest("GET", url+"/api/users", nil)
		must(t, err)
		request.Header.Set("X-Route-To", "users")
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		got, _ := io.ReadAll(response.Body)
		if response.StatusCode != status || !strings.HasPrefix(string(got), body) {
			t.Errorf("%d %q, want %d %q", response.StatusCode, got, status, body)
		}
	}
	if _, err := http.Get(d.outsideURL); err == nil {
		t.Error("there is an answer without a listener")
	}
	must(t, d.setListener(listener("Listener")))
	expect(d.outsideURL, 404, "")
	must(t, d.setRule(rule("Preview", 1, "users",
		alb.HTTPHeader{Name: "X-Route-To", Values: []string{"users"}}, alb.SourceIP{netip.MustParsePrefix("10.0.0.0/16")})))
	expect(d.insideURL, 503, "")
	d.setGroup("users", program("users"))
	expect(d.insideURL, 200, "users")
	expect(d.outsideURL, 404, "")
	must(t, d.setRule(rule("Live", 2, "users", alb.PathPattern{"/api/users"})))
	expect(d.outsideURL, 200, "users")
	d.deleteRule(rule("Live", 2, "").Identity())
	expect(d.outsideURL, 404, "")
	d.setGroup("users", nil)
	expect(d.insideURL, 503, "")
	must(t, d.setListener(listener("Listener")))
	redirect := listener("Redirect")
	redirect.Routing.Default = alb.Redirect{Protocol: "HTTPS", StatusCode: 301}
	must(t, d.setListener(redirect))
	d.deleteListener(redirect.Identity())
	expect(d.outsideURL, 404, "")
	d.deleteListener(listener("Listener").Identity())
	if _, err := http.Get(d.outsideURL); err == nil {
		t.Error("there is an answer after the listener has gone")
	}
}

func TestDoorRefuses(t *testing.T) {
	d := openTestDoor(t)
	must(t, d.setListener(listener("Listener")))
	if err := d.setListener(listener("Second")); err == nil {
		t.Error("a second listener was taken")
	}
	must(t, d.setRule(rule("One", 1, "users")))
	if err := d.setRule(rule("Two", 1, "users")); err == nil || !strings.Contains(err.Error(), "priority 1 is in use by ${Users.One}") {
		t.Errorf("a second rule of the same priority: %v", err)
	}
	must(t, d.setRule(rule("One", 1, "threads")))
	if d.attached("users") || !d.attached("threads") {
		t.Error("a changed rule does not lead where it says")
	}
}

func TestRulesAreListedInTheirOrder(t *testing.T) {
	d := openTestDoor(t)
	must(t, d.setListener(listener("Listener")))
	must(t, d.setRule(rule("Live", 9, "a")))
	must(t, d.setRule(rule("Preview", 1, "a")))
	d.setProgram("a", "users")
	if rules, programs := d.list(); len(rules) != 3 || rules[0].Priority != 1 || rules[1].Priority != 9 ||
		rules[2].ID != "${Edge.Listener}" || programs["a"] != "users" {
		t.Errorf("%v %v", rules, programs)
	}
}

// ECS refuses a service whose target group belongs to no load balancer, which is
// why every sample puts the live rule first.
func TestServiceNeedsAnAttachedTargetGroup(t *testing.T) {
	r := &Region{door: openTestDoor(t)}
	service := assembly.Service{Attachments: []assembly.Attachment{{TargetGroup: "group", Container: "users"}}}
	err := r.deployService(t.Context(), &assembly.Stage{}, service)
	if err == nil || !strings.Contains(err.Error(), "does not have an associated load balancer") {
		t.Errorf("%v", err)
	}
	must(t, r.door.setRule(rule("Preview", 1, "group")))
	if err := r.deployService(t.Context(), &assembly.Stage{}, service); err == nil || strings.Contains(err.Error(), "load balancer") {
		t.Errorf("with a rule: %v", err)
	}
}

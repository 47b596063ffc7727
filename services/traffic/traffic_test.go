package traffic_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/strangler/services"
	"example.com/strangler/services/traffic"
)

var catalog = services.Catalog{Services: []services.Service{
	{Name: "alpha", Routes: []services.Route{{Paths: []string{"/api/alpha", "/api/alpha/*"}}}},
	{Name: "beta", Routes: []services.Route{{Paths: []string{"/beta/*"}}}},
}}

// kinds is traffic that fits the catalog.
func kinds() traffic.Traffic {
	return traffic.Traffic{
		{
			Name: "alpha-read", Path: "/api/alpha", Weight: 5, Target: "/api/alpha/{{id}}",
			Fields: map[string]string{"id": "{{id}}", "size": "{{number}}"},
		},
		{
			Name: "alpha-create", Path: "/api/alpha", Method: "POST", Target: "/api/alpha", Status: 201,
			Body:   `{"name":"Alpha. {{new}}","size":7}`,
			Writes: &traffic.Item{ReadBack: "/api/alpha", Secret: []string{"name"}},
		},
		{Name: "beta", Path: "/beta/*", Target: "/beta/list?limit=3", Most: 3},
		{Name: "other", Target: "/other"},
	}
}

func TestCompleteFillsInDefaults(t *testing.T) {
	given := kinds()
	complete, err := given.Complete(catalog)
	require.NoError(t, err)
	require.Len(t, complete, 4)
	assert.Equal(t, "GET", complete[0].Method)
	assert.Equal(t, 200, complete[0].Status)
	assert.Equal(t, 5, complete[0].Weight)
	assert.Equal(t, "POST", complete[1].Method)
	assert.Equal(t, 201, complete[1].Status)
	assert.Equal(t, 1, complete[1].Weight)
	assert.Equal(t, "id", complete[1].Writes.ID)
	assert.Equal(t, 8, complete.Weight())
	assert.Equal(t, []string{"/api/alpha", "/beta/*"}, complete.Paths())
	assert.Equal(t, "alpha-create", complete.Writer("/api/alpha").Name)
	assert.Nil(t, complete.Writer("/beta/*"))

	assert.Equal(t, kinds(), given, "what Complete is given stays as it is")
	again, err := complete.Complete(catalog)
	require.NoError(t, err)
	assert.Equal(t, complete, again, "complete traffic is complete")
}

// Recorded traffic keeps a status that is not known, and need not reach every service.
func TestCompleteRecorded(t *testing.T) {
	recorded, err := kinds()[:2].CompleteRecorded(catalog)
	require.NoError(t, err)
	assert.Equal(t, 0, recorded[0].Status)
	assert.Equal(t, 201, recorded[1].Status)
	require.Len(t, recorded.Unreached(catalog), 1)
	assert.Equal(t, "beta", recorded.Unreached(catalog)[0].Name)
	assert.Empty(t, kinds().Unreached(catalog))
	wrong := kinds()
	wrong[2].Status = -1
	_, err = wrong.CompleteRecorded(catalog)
	assert.ErrorContains(t, err, "the status is -1")
}

// chained is traffic whose items of beta name items of alpha.
func chained() traffic.Traffic {
	return append(kinds(), traffic.Kind{
		Name: "beta-create", Path: "/beta/*", Method: "POST", Target: "/beta/new", Body: `{"of":"{{id:/api/alpha}}","name":"Beta {{new}}"}`,
		Fields: map[string]string{"of": "{{id:/api/alpha}}"}, Writes: &traffic.Item{ReadBack: "/beta/list"}, Needs: []string{"/api/alpha"},
	}, traffic.Kind{
		Name: "beta-of", Path: "/beta/*", Target: "/beta/of/{{id:/api/alpha}}", Most: 3,
		Fields: map[string]string{"of": traffic.IDOf("/api/alpha")},
	})
}

func TestItemsOfOtherPaths(t *testing.T) {
	complete, err := chained().Complete(catalog)
	require.NoError(t, err)
	assert.Equal(t, []string{"/api/alpha"}, complete[4].Others())
	assert.Equal(t, []string{"/api/alpha"}, complete[5].Others())
	assert.Empty(t, complete[0].Others())
	assert.Equal(t, []string{"/api/alpha"}, complete[4].Needs)
	two := traffic.Kind{Target: "/{{id:/b}}/{{id:/a}}", Body: `"{{id:/b}}"`}
	assert.Equal(t, []string{"/a", "/b"}, two.Others())
}

func TestCompleteRefusesItemsOfOtherPaths(t *testing.T) {
	for want, change := range map[string]func(traffic.Traffic) traffic.Traffic{
		`"beta-of": {{id:/beta/*}} is of the kind's own path: want {{id}}`: edit(5,
			func(k *traffic.Kind) { k.Target = "/beta/of/{{id:/beta/*}}" }),
		`{{id:/api}} stands for an item of "/api" that was written before: add a kind with Writes`: edit(5,
			func(k *traffic.Kind) { k.Target = "/beta/of/{{id:/api}}" }),
		`a field of the answer is {{id:/api/alpha}}, which`: edit(5, func(k *traffic.Kind) { k.Target = "/beta/of/1" }),
		`"beta-create": its items name those of "/api/alpha", which "alpha-create" writes: put that`: func(k traffic.Traffic) traffic.Traffic {
			return append(traffic.Traffic{k[4]}, append(k[:4:4], k[5])...)
		},
		`the secret field "name" is "{{id:/api/alpha}} {{new}}"`: edit(4, func(k *traffic.Kind) {
			k.Body, k.Writes.Secret = `{"of":"{{id:/api/alpha}}","name":"{{id:/api/alpha}} {{new}}"}`, []string{"name"}
		}),
		`it needs "/api", which no service of the catalog has`: edit(4, func(k *traffic.Kind) { k.Needs = []string{"/api"} }),
		`it needs "/beta/*", which its own service has`:        edit(4, func(k *traffic.Kind) { k.Needs = []string{"/beta/*"} }),
	} {
		_, err := change(chained()).Complete(catalog)
		assert.ErrorContains(t, err, want)
	}
}

func TestCompleteRefuses(t *testing.T) {
	for want, change := range map[string]func(traffic.Traffic) traffic.Traffic{
		`traffic: no request counts for a path of "beta": add a traffic.Kind whose Path is one of ["/beta/*"] to the example's ` +
			`Traffic`: func(k traffic.Traffic) traffic.Traffic { return k[:2] },
		`two kinds of requests are called "alpha-read"`: func(k traffic.Traffic) traffic.Traffic { return append(k, k[0]) },
		`traffic: "a b": want a name of letters`:        edit(2, func(k *traffic.Kind) { k.Name = "a b" }),
		`no service of the catalog has the path "/b"`:   edit(2, func(k *traffic.Kind) { k.Path = "/b" }),
		`the weight is -1`:                              edit(2, func(k *traffic.Kind) { k.Weight = -1 }),
		`the target is "beta"`:                          edit(2, func(k *traffic.Kind) { k.Target = "beta" }),
		`the further statuses are [304 99]`:             edit(2, func(k *traffic.Kind) { k.Also = []int{304, 99} }),
		`want one status of a request that writes`:      edit(1, func(k *traffic.Kind) { k.Also = []int{200} }),
		`it writes an item, and is said to be safe`:     edit(1, func(k *traffic.Kind) { yes := true; k.Safe = &yes }),
		`the status is 2000`:                            edit(2, func(k *traffic.Kind) { k.Status = 2000 }),
		`the list has at most -1 items`:                 edit(2, func(k *traffic.Kind) { k.Most = -1 }),
		`{{name}} is no placeholder: want {{new}}, {{id}}, {{number}} or one such as {{id:/api/things}}`: edit(2,
			func(k *traffic.Kind) { k.Target = "/beta/{{name}}" }),
		`{{wrong}} is no placeholder`: edit(2,
			func(k *traffic.Kind) { k.Fields = map[string]string{"a": "{{wrong}}"} }),
		`add a kind with Writes for that path`:              edit(2, func(k *traffic.Kind) { k.Target = "/beta/{{id}}" }),
		`use them in a request of its own, without {{new}}`: edit(0, func(k *traffic.Kind) { k.Body = `{"n":{{new}}}` }),
		`stand for an item that is there already`:           edit(1, func(k *traffic.Kind) { k.Target = "/api/alpha/{{number}}" }),
		`a field of the answer is {{id}}, which`:            edit(0, func(k *traffic.Kind) { k.Target = "/api/alpha/1" }),
		`a field of the answer is {{new}}, which`:           edit(0, func(k *traffic.Kind) { k.Fields = map[string]string{"id": "{{new}}"} }),
		`it writes items of no service`: func(k traffic.Traffic) traffic.Traffic {
			k[1].Path = ""
			return k[1:]
		},
		`every request writes the same item`: edit(1, func(k *traffic.Kind) { k.Body = `{}` }),
		`"alpha-create" writes the items of "/api/alpha" already`: func(k traffic.Traffic) traffic.Traffic {
			second := k[1]
			second.Name = "second"
			return append(k, second)
		},
		`ReadBack is ""`:                       edit(1, func(k *traffic.Kind) { k.Writes.ReadBack = "" }),
		`of a body that is no JSON object`:     edit(1, func(k *traffic.Kind) { k.Body = `{{new}}` }),
		`the secret field "size" is ""`:        edit(1, func(k *traffic.Kind) { k.Writes.Secret = []string{"size"} }),
		`the secret field "name" is "{{new}}"`: edit(1, func(k *traffic.Kind) { k.Body = `{"name":"{{new}}"}` }),
	} {
		_, err := change(kinds()).Complete(catalog)
		assert.ErrorContains(t, err, want)
	}
}

func edit(i int, change func(*traffic.Kind)) func(traffic.Traffic) traffic.Traffic {
	return func(k traffic.Traffic) traffic.Traffic {
		change(&k[i])
		return k
	}
}

func TestSecrets(t *testing.T) {
	complete, err := kinds().Complete(catalog)
	require.NoError(t, err)
	secrets := regexp.MustCompile(complete.Secrets())
	assert.Equal(t, `Alpha\. \d+`, secrets.String())
	assert.True(t, secrets.MatchString(`created "Alpha. 12"`))
	assert.False(t, secrets.MatchString(`created "AlphaX 12"`))
	assert.Empty(t, complete[2:].Secrets())
}

// A request is for the first route of its path's service that takes it, and for none that
// does not.
func TestRouteOfARequest(t *testing.T) {
	c := services.Catalog{Services: []services.Service{{Name: "alpha", Routes: []services.Route{
		{Name: "reads", Paths: []string{"/a/*"}, Verbs: []string{"GET"}}, {Paths: []string{"/a/*"}, Hosts: []string{"*.example.com"}},
	}}}}
	kind := func(method, host string) traffic.Kind {
		return traffic.Kind{Name: "kind", Path: "/a/*", Target: "/a/1", Method: method, Header: map[string]string{"Host": host}}
	}
	for want, k := range map[string]traffic.Kind{"reads": kind("GET", ""), "": kind("POST", "www.example.com")} {
		complete, err := traffic.Traffic{k}.Complete(c)
		require.NoError(t, err)
		assert.Equal(t, want, complete[0].Route())
	}
	_, err := traffic.Traffic{kind("POST", "example.org")}.Complete(c)
	assert.EqualError(t, err, `traffic: "kind": no route of "alpha" takes POST of the path "/a/*": want one that does, or no path`)
}

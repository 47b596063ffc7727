package services

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const noon = "cron(0 12 * * ? *)"

func TestCompleteIsStable(t *testing.T) {
	c := completed(t)
	for _, s := range c.All() {
		assert.NotZero(t, s.CPU, s.Name)
		assert.NotZero(t, s.Memory, s.Name)
		assert.NotZero(t, s.Port, s.Name)
		assert.NotZero(t, s.Scaling.Max, s.Name)
		assert.NotEmpty(t, s.Health.Path, s.Name)
		assert.NotEmpty(t, s.Patterns(), s.Name)
	}
	again, err := Catalog{Name: c.Name, Services: c.Services, Monolith: withoutRoutes(c.Monolith)}.Complete()
	require.NoError(t, err)
	assert.Equal(t, c, again, "completed twice")
}

func withoutRoutes(s Service) Service {
	s.Routes, s.Priority = nil, 0
	return s
}

// Each mistake is refused by an error that names the service and what to do.
func TestCompleteRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Catalog)
		want   []string
	}{
		"two services with one name":        {func(c *Catalog) { c.Services[1].Name = "alpha" }, []string{`"alpha" and "alpha"`, "rename one"}},
		"a service named like the monolith": {func(c *Catalog) { c.Services[1].Name = "monolith" }, []string{`"monolith" and "monolith"`}},
		"a reserved stack":                  {func(c *Catalog) { c.Services[1].Name = "edge" }, []string{`"edge"`, "taken", "rename"}},
		"a reserved key":                    {func(c *Catalog) { c.Services[1].Name = "delivery" }, []string{`"delivery"`, "taken", "rename"}},
		"a name with capitals":              {func(c *Catalog) { c.Services[1].Name = "Beta" }, []string{`"Beta"`, "lower-case"}},
		"an empty name":                     {func(c *Catalog) { c.Services[1].Name = "" }, []string{`""`, "lower-case"}},
		"a priority out of range":           {func(c *Catalog) { c.Services[1].Priority = 25000 }, []string{`"beta"`, "1 to 24999"}},
		"paths of the monolith": {
			func(c *Catalog) { c.Monolith.Paths = []string{"/old/*"} }, []string{`"monolith"`, "leave its paths"},
		},
		"routes of the monolith": {
			func(c *Catalog) { c.Monolith.Routes = []Route{{Paths: []string{"/old/*"}}} }, []string{`"monolith"`, "leave its paths, routes"},
		},
		"sticky for half a second": {
			func(c *Catalog) { c.Services[1].Sticky = time.Second / 2 }, []string{`"beta"`, "sticky for 500ms: want whole seconds, at most 7 days"},
		},
		"sticky for no time": {func(c *Catalog) { c.Services[1].Sticky = -time.Second }, []string{`"beta"`, "sticky for -1s"}},
		"sticky for 8 days":  {func(c *Catalog) { c.Monolith.Sticky = 8 * 24 * time.Hour }, []string{`"monolith"`, "sticky for 192h0m0s"}},
		"no image":           {func(c *Catalog) { c.Services[1].Image = Image{} }, []string{`"beta"`, "0 sources", "exactly one"}},
		"another processor": {
			func(c *Catalog) { c.Services[1].Image = Image{Folder: "shop", Architecture: "x86"} },
			[]string{`"beta": an image for "x86": want arm64 or amd64`},
		},
		"a program for another processor": {
			func(c *Catalog) { c.Services[1].Image.Architecture = AMD64 }, []string{`"beta": a program of this module is compiled for arm64`},
		},
		"a program that is started": {
			func(c *Catalog) { c.Services[1].Image.Command = []string{"serve"} }, []string{"leave Architecture, EntryPoint and Command empty"},
		},
		"two images":           {func(c *Catalog) { c.Services[1].Image.Folder = "x" }, []string{`"beta"`, "2 sources"}},
		"a size Fargate lacks": {func(c *Catalog) { c.Services[1].CPU = 300 }, []string{`"beta"`, "300 CPU units", "512 1024"}},
		"memory that does not fit": {
			func(c *Catalog) { c.Services[1].CPU, c.Services[1].Memory = 512, 512 }, []string{`"beta"`, "1024 to 4096"},
		},
		"memory between sizes":    {func(c *Catalog) { c.Services[1].Memory = 600 }, []string{`"beta"`, "512, 1024 or 2048"}},
		"a port out of range":     {func(c *Catalog) { c.Services[1].Port = 70000 }, []string{`"beta"`, "1 to 65535"}},
		"a relative health check": {func(c *Catalog) { c.Services[1].Health.Path = "healthz" }, []string{`"beta"`, "starts with /"}},
		"scaling upside down":     {func(c *Catalog) { c.Services[1].Scaling = Scaling{Min: 5, Max: 2} }, []string{`"beta"`, "from 5 to 2"}},
		"scaling over 100% CPU":   {func(c *Catalog) { c.Services[1].Scaling.CPUPercent = 101 }, []string{`"beta"`, "1 to 100"}},
		"a cooldown of half a second": {
			func(c *Catalog) { c.Services[1].Scaling.InCooldown = time.Second / 2 }, []string{`"beta"`, "500ms", "whole seconds"},
		},
		"a cooldown of a day":   {func(c *Catalog) { c.Services[1].Scaling.OutCooldown = 24 * time.Hour }, []string{`"beta"`, "an hour"}},
		"more than all on Spot": {func(c *Catalog) { c.Services[1].Scaling.SpotPercent = 100 }, []string{`"beta"`, "0 to 99"}},
		"a schedule without a name": {
			func(c *Catalog) { c.Services[1].Scaling.Schedule = []ScheduledBounds{{Cron: noon, Min: 1, Max: 2}} }, []string{`"beta"`, "unique name"},
		},
		"two schedules of one name": {func(c *Catalog) {
			c.Services[1].Scaling.Schedule = slices.Repeat([]ScheduledBounds{{Name: "Noon", Cron: noon, Min: 1, Max: 2}}, 2)
		}, []string{`"Noon"`, "unique name"}},
		"a schedule at a rate": {func(c *Catalog) {
			c.Services[1].Scaling.Schedule = []ScheduledBounds{{Name: "Often", Cron: "rate(1 hour)", Min: 1, Max: 2}}
		}, []string{"Often", "rate(1 hour)", "cron("}},
		"a schedule nowhere": {func(c *Catalog) {
			c.Services[1].Scaling.Schedule = []ScheduledBounds{{Name: "Noon", Cron: noon, TimeZone: "Mars/Base", Min: 1, Max: 2}}
		}, []string{"Noon", "Mars/Base", "time zone"}},
		"a schedule upside down": {func(c *Catalog) {
			c.Services[1].Scaling.Schedule = []ScheduledBounds{{Name: "Noon", Cron: noon, Min: 3, Max: 2}}
		}, []string{"Noon", "from 3 to 2"}},
		"a schedule without bounds": {
			func(c *Catalog) { c.Services[1].Scaling.Schedule = []ScheduledBounds{{Name: "Noon", Cron: noon}} }, []string{"Noon", "from 0 to 0"},
		},
		"an alarm at no error":           {func(c *Catalog) { c.Services[1].Alarms.ErrorPercent = -1 }, []string{`"beta"`, "1 to 99"}},
		"an alarm at an hour":            {func(c *Catalog) { c.Services[1].Alarms.P99 = time.Hour }, []string{`"beta"`, "1h0m0s", "a minute"}},
		"less than none of the monolith": {func(c *Catalog) { c.Services[1].MonolithPercent = -1 }, []string{`"beta"`, "0 or more"}},
		"more than all of the monolith":  {func(c *Catalog) { c.Services[1].MonolithPercent = 51 }, []string{"101%", "100 at most"}},
		"a monolith of itself":           {func(c *Catalog) { c.Monolith.MonolithPercent = 5 }, []string{`"monolith"`, "MonolithPercent empty"}},
		"a budget below nothing":         {func(c *Catalog) { c.Services[1].MonthlyBudget = -5 }, []string{`"beta"`, "$-5", "1 or more"}},
		"scaling below zero":             {func(c *Catalog) { c.Services[1].Scaling.RequestsPerTarget = -1 }, []string{`"beta"`, "1 or more"}},
		"a table without a key":          {func(c *Catalog) { c.Services[1].Table = &Table{} }, []string{`"beta"`, "partition key"}},
		"an index named twice": {func(c *Catalog) {
			c.Services[1].Table = &Table{PartitionKey: "id", Indexes: []Index{{"all", "kind", ""}, {"all", "kind", ""}}}
		}, []string{`"beta"`, `"all"`, "unique"}},
		"root": {
			func(c *Catalog) { c.Monolith = Service{Name: "monolith", Image: Image{Folder: "shop"}, User: "0:0"} },
			[]string{`"monolith"`, "other than root's"},
		},
		"a user by name": {
			func(c *Catalog) { c.Monolith = Service{Name: "monolith", Image: Image{Folder: "shop"}, User: "node"} },
			[]string{`"monolith"`, `"node"`},
		},
		"a program's user": {func(c *Catalog) { c.Services[1].User = "1000:1000" }, []string{`"beta"`, "User and WritableRoot"}},
		"a writable root":  {func(c *Catalog) { c.Services[1].WritableRoot = true }, []string{`"beta"`, "User and WritableRoot"}},
		"a collector's name": {
			func(c *Catalog) { c.Services[1].Name, c.Services[1].Collector = "collector", "collector:1" },
			[]string{`"collector"`, "rename the service"},
		},
		"a collector's port": {
			func(c *Catalog) { c.Services[1].Collector, c.Services[1].Port = "collector:1", 4318 },
			[]string{`"beta"`, "port 4318 is its collector's"},
		},
		"a collector's variable": {func(c *Catalog) {
			c.Services[1].Collector, c.Services[1].Environment = "collector:1", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}
		}, []string{`"beta"`, "OTEL_EXPORTER_OTLP_ENDPOINT", "leave Collector empty"}},
		"a wildcard action": {
			func(c *Catalog) { c.Services[1].Table = &Table{PartitionKey: "id", Actions: []string{"*"}} }, []string{`"beta"`, `"*"`},
		},
		"the kit's variable": {
			func(c *Catalog) { c.Services[1].Environment = map[string]string{"ALPHA_TABLE": "x"} }, []string{`"beta"`, "ALPHA_TABLE"},
		},
		"a password in a URL": {func(c *Catalog) {
			c.Services[1].Environment = map[string]string{"DB": "postgres://app:hunter2@db/app"}
		}, []string{`"beta"`, "DB looks like a secret"}},
		"a variable without a name": {
			func(c *Catalog) { c.Services[1].Environment = map[string]string{"": "x"} }, []string{`"beta"`, `variable ""`, "without spaces"},
		},
		"a variable with its value": {
			func(c *Catalog) { c.Services[1].Environment = map[string]string{"A=B": "x"} }, []string{`"beta"`, `"A=B"`, "equals signs"},
		},
		"no image's name": {
			func(c *Catalog) { c.Services[1].Image = Image{Registry: "Shop Front:1"} }, []string{`"beta"`, `"Shop Front:1"`, "such as"},
		},
		"a long image name": {
			func(c *Catalog) { c.Services[1].Image = Image{Registry: strings.Repeat("a", 256)} }, []string{`"beta"`, "at most 255"},
		},
		"no collector's image": {func(c *Catalog) { c.Services[1].Collector = "collector:" }, []string{`"beta"`, `"collector:"`, "such as"}},
		"a start-up of a day":  {func(c *Catalog) { c.Services[1].StartUp = 24 * time.Hour }, []string{`"beta"`, "24h0m0s", "an hour"}},
		"a short index name":   {func(c *Catalog) { c.Services[1].Table.Indexes[0].Name = "ab" }, []string{`"beta"`, `"ab"`, "3 to 255"}},
		"too many indexes": {func(c *Catalog) {
			for i := range 20 {
				c.Services[1].Table.Indexes = append(c.Services[1].Table.Indexes, Index{Name: fmt.Sprintf("index-%d", i), PartitionKey: "kind"})
			}
		}, []string{`"beta"`, "21 indexes", "takes 20"}},
		"an index with one key twice": {
			func(c *Catalog) { c.Services[1].Table.Indexes[0].SortKey = "kind" }, []string{`"beta"`, `"kind"`, "another attribute"},
		},
	} {
		c := sample()
		test.change(&c)
		_, err := c.Complete()
		for _, want := range test.want {
			assert.ErrorContains(t, err, want, name)
		}
	}
}

// A duration without a unit counts nanoseconds. Each error shows how to write one, and what it
// shows is taken.
func TestDurationsWithoutUnit(t *testing.T) {
	for name, test := range map[string]struct {
		set  func(*Catalog, time.Duration)
		want string
		as   time.Duration
	}{
		"stickiness": {
			func(c *Catalog, d time.Duration) { c.Services[1].Sticky = d },
			`sticky for 3.6µs: want whole seconds, at most 7 days, such as 3600 * time.Second`, 3600 * time.Second,
		},
		"a start-up": {
			func(c *Catalog, d time.Duration) { c.Services[1].StartUp = d },
			`a start-up of 3.6µs: want whole seconds, from 1 s to an hour, such as 30 * time.Second`, 30 * time.Second,
		},
		"an interval": {
			func(c *Catalog, d time.Duration) { c.Services[1].Health.Interval = d },
			`a health check every 3.6µs: want whole seconds, from 5 s to 5 minutes, such as 30 * time.Second`, 30 * time.Second,
		},
		"a time-out": {
			func(c *Catalog, d time.Duration) { c.Services[1].Health.Timeout = d },
			`a health check that waits 3.6µs for an answer, every 5s: want whole seconds, from 2 s to 2 minutes and shorter than that, ` +
				`such as 3 * time.Second`, 3 * time.Second,
		},
		"a drain": {
			func(c *Catalog, d time.Duration) { c.Services[1].Stop.Drain = d },
			`a drain of 3.6µs: want whole seconds, from 1 s to an hour, such as 30 * time.Second`, 30 * time.Second,
		},
		"a stop": {
			func(c *Catalog, d time.Duration) { c.Services[1].Stop.Timeout = d },
			`a stop within 3.6µs: want whole seconds, from 2 s to 2 minutes, such as 30 * time.Second`, 30 * time.Second,
		},
		"a cooldown after additions": {
			func(c *Catalog, d time.Duration) { c.Services[1].Scaling.OutCooldown = d },
			`a cooldown of 3.6µs: want whole seconds, from 1 s to an hour, such as 30 * time.Second`, 30 * time.Second,
		},
		"a cooldown after removals": {
			func(c *Catalog, d time.Duration) { c.Services[1].Scaling.InCooldown = d },
			`a cooldown of 3.6µs: want whole seconds, from 1 s to an hour, such as 30 * time.Second`, 30 * time.Second,
		},
		"an alarm": {
			func(c *Catalog, d time.Duration) { c.Services[1].Alarms.P99 = d },
			`an alarm at 3.6µs for one request in a hundred: want 1 ms to a minute, such as 500 * time.Millisecond`, 500 * time.Millisecond,
		},
	} {
		c := sample()
		test.set(&c, 3600)
		_, err := c.Complete()
		assert.ErrorContains(t, err, `": `+test.want, name)
		c = sample()
		test.set(&c, test.as)
		_, err = c.Complete()
		assert.NoError(t, err, name)
	}
}

package services

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Complete returns a copy of the catalog with every default filled in. The error is
// the first mistake it finds, and names the service and what to change.
func (c Catalog) Complete() (Catalog, error) {
	if len(c.Monolith.Paths)+len(c.Monolith.Routes) > 0 || c.Monolith.Priority != 0 || c.Monolith.MonolithPercent != 0 {
		return Catalog{}, fmt.Errorf(`services: %q is the monolith: it serves "/*", every path that no service has taken: `+
			"leave its paths, routes, priority and MonolithPercent empty", c.Monolith.Name)
	}
	monolith := c.Monolith
	monolith.Routes, monolith.Priority = []Route{{Paths: []string{"/*"}}}, monolithPriority
	out := Catalog{Name: c.Name, Monolith: monolith.complete(c.callers(monolith.Name))}
	for _, s := range c.Services {
		if s.Priority < 1 || s.Priority >= monolithPriority {
			return Catalog{}, fmt.Errorf("services: %q has priority %d: want 1 to %d", s.Name, s.Priority, monolithPriority-1)
		}
		routes, err := s.completeRoutes()
		if err != nil {
			return Catalog{}, fmt.Errorf("services: %q: %w", s.Name, err)
		}
		s.Paths, s.Routes = nil, routes
		out.Services = append(out.Services, s.complete(c.callers(s.Name)))
	}
	for _, w := range c.Workers {
		if err := w.checkWorker(); err != nil {
			return Catalog{}, fmt.Errorf("services: %q: %w", w.Name, err)
		}
		out.Workers = append(out.Workers, w.complete(c.callers(w.Name)))
	}
	return out, out.check()
}

// Names returns the names of the services and of the workers in the catalog's order, then
// the monolith's.
func (c Catalog) Names() []string { return namesOf(c.All()) }

func namesOf(all []Service) []string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// All returns the services and the workers in the catalog's order, then the monolith.
func (c Catalog) All() []Service {
	return append(slices.Concat(c.Services, c.Workers), c.Monolith)
}

// Find returns a copy of the service, worker or monolith that has the name, or nil.
func (c Catalog) Find(name string) *Service {
	for _, s := range c.All() {
		if s.Name == name {
			return &s
		}
	}
	return nil
}

// ID returns the name in PascalCase, which is the id of the service's stack and
// begins the ids of its resources.
func (s Service) ID() string {
	var id strings.Builder
	for word := range strings.SplitSeq(s.Name, "-") {
		if word != "" {
			id.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return id.String()
}

// unprivileged is the user and group of the images that this module builds. It owns
// no file.
const unprivileged = "65532:65532"

func (s Service) complete(callers []string) Service {
	s.callers = callers
	if s.Connected() {
		s.CPU = cmp.Or(s.CPU, 512)
		s.Memory = cmp.Or(s.Memory, 1024)
	}
	s.Image.Architecture = cmp.Or(s.Image.Architecture, ARM64)
	s.CPU = cmp.Or(s.CPU, 256)
	s.Memory = cmp.Or(s.Memory, 512)
	s.Port = cmp.Or(s.Port, 8080)
	if s.IsWorker() {
		s.Health = s.Health.completeWorker()
	}
	s.Health = s.Health.complete()
	s.StartUp = cmp.Or(s.StartUp, time.Minute)
	s.Stop = s.Stop.complete()
	s.User = cmp.Or(s.User, unprivileged)
	s.Scaling = s.Scaling.complete()
	s.Alarms = s.Alarms.complete()
	s.MonthlyBudget = cmp.Or(s.MonthlyBudget, 50)
	if s.Table != nil {
		table := *s.Table
		if len(table.Actions) == 0 {
			table.Actions = []string{"GetItem", "PutItem", "Query"}
		}
		s.Table = &table
	}
	return s
}

// reserved are the names of the other stacks and keys of cdk.json.
var reserved = []string{"platform", "data", "edge", "watch", "environment", "environments", "delivery"}

func (c Catalog) check() error {
	if !fitsName(c.Name) {
		return fmt.Errorf("services: the catalog is called %q: "+
			"want at most 20 lower-case letters, digits and single dashes, starting with a letter", c.Name)
	}
	ids, monolithPercent := map[string]string{}, 0
	for _, s := range c.All() {
		monolithPercent += s.MonolithPercent
		if err := s.check(); err != nil {
			return fmt.Errorf("services: %q: %w", s.Name, err)
		}
		if other, taken := ids[s.ID()]; taken {
			return fmt.Errorf("services: %q and %q would share the stack %s: rename one", other, s.Name, s.ID())
		}
		ids[s.ID()] = s.Name
	}
	if monolithPercent > 100 {
		return fmt.Errorf("services: MonolithPercent adds up to %d%% of the monolith's load: want 100 at most", monolithPercent)
	}
	if err := c.checkTakes(); err != nil {
		return err
	}
	return c.checkConnections()
}

// maxSticky is the longest stickiness of a target group.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
const maxSticky = 7 * 24 * time.Hour

// numericUser is a user id and a group id other than 0, root's.
var numericUser = regexp.MustCompile(`^[1-9]\d{0,9}:[1-9]\d{0,9}$`)

var serviceName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func fitsName(name string) bool { return serviceName.MatchString(name) && len(name) <= 20 }

func (s Service) check() error {
	switch {
	case !fitsName(s.Name):
		return fmt.Errorf("a name is at most 20 lower-case letters, digits and single dashes, starting with a letter")
	case slices.Contains(reserved, s.Name):
		return fmt.Errorf("the name is taken by another stack or a key of cdk.json: rename the service")
	case s.Port < 1 || s.Port > 65535:
		return fmt.Errorf("port %d: want 1 to 65535", s.Port)
	case !numericUser.MatchString(s.User):
		return fmt.Errorf("user %q: want the numbers of a user and a group other than root's, such as %s", s.User, unprivileged)
	case s.Sticky < 0 || s.Sticky > maxSticky || s.Sticky%time.Second != 0:
		return fmt.Errorf("sticky for %s: want whole seconds, at most 7 days, such as 3600 * time.Second", s.Sticky)
	case s.MonolithPercent < 0:
		return fmt.Errorf("%d%% of the monolith's load: want 0 or more", s.MonolithPercent)
	case s.MonthlyBudget < 1:
		return fmt.Errorf("a budget of $%d a month: want 1 or more", s.MonthlyBudget)
	case s.Image.Program != "" && (s.User != unprivileged || s.WritableRoot):
		return fmt.Errorf("a program of this module runs as %s on a read-only root: leave User and WritableRoot empty", unprivileged)
	}
	for _, check := range []func() error{
		s.checkRoutes, s.checkImage, s.checkSize, s.Health.check, s.checkLife, s.Scaling.check, s.Alarms.check, s.Table.check,
		s.checkEnvironment, s.checkSecrets, s.Needs.check, s.checkCollector, s.checkConnected, s.checkCommand, s.checkQueue,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// Named reports whether the image has a source.
func (i Image) Named() bool { return i.Program+i.Folder+i.Registry != "" }

// checkImage leaves it to the environments whether a monolith needs an image.
func (s Service) checkImage() error {
	if s.Priority == monolithPriority && !s.Image.Named() {
		return nil
	}
	return s.Image.check()
}

func (i Image) check() error {
	set := 0
	for _, source := range []string{i.Program, i.Folder, i.Registry} {
		if source != "" {
			set++
		}
	}
	if set != 1 {
		return fmt.Errorf("the image has %d sources: set exactly one of Program, Folder and Registry", set)
	}
	if !slices.Contains([]Architecture{"", ARM64, AMD64}, i.Architecture) {
		return fmt.Errorf("an image for %q: want %s or %s", i.Architecture, ARM64, AMD64)
	}
	if i.Program != "" && (i.Architecture == AMD64 || len(i.EntryPoint)+len(i.Command) > 0) {
		return fmt.Errorf("a program of this module is compiled for %s and starts by itself: leave Architecture, EntryPoint and Command empty",
			ARM64)
	}
	if i.Program != "" && len(i.Run) > 0 {
		return fmt.Errorf("a program of this module is compiled for the rehearsal: leave Run empty")
	}
	return checkReference(i.Registry)
}

// fargateMemory is the smallest and the largest memory that Fargate pairs with CPU
// units, and the step between sizes, in MiB. 256 units have sizes of their own.
//
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
var fargateMemory = map[int]struct{ min, max, step int }{
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
}

func (s Service) checkSize() error {
	if s.CPU == 256 {
		if !slices.Contains([]int{512, 1024, 2048}, s.Memory) {
			return fmt.Errorf("256 CPU units go with 512, 1024 or 2048 MiB, not %d", s.Memory)
		}
		return nil
	}
	fit, ok := fargateMemory[s.CPU]
	if !ok {
		return fmt.Errorf("%d CPU units: Fargate has 256 and %v", s.CPU, slices.Sorted(maps.Keys(fargateMemory)))
	}
	if s.Memory < fit.min || s.Memory > fit.max || s.Memory%fit.step != 0 {
		return fmt.Errorf("%d CPU units go with %d to %d MiB in steps of %d, not %d", s.CPU, fit.min, fit.max, fit.step, s.Memory)
	}
	return nil
}

// Limits of DynamoDB.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxIndexes = 20

var (
	indexName     = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)
	attributeName = regexp.MustCompile(`^.{1,255}$`)
)

func (t *Table) check() error {
	if t == nil {
		return nil
	}
	if !attributeName.MatchString(t.PartitionKey) {
		return fmt.Errorf("the table's partition key is %q: want the attribute that identifies an item, of 1 to 255 characters", t.PartitionKey)
	}
	if t.SortKey != "" && !attributeName.MatchString(t.SortKey) || t.SortKey == t.PartitionKey {
		return fmt.Errorf("the table's sort key is %q: want an attribute other than the partition key, of at most 255 characters, or none",
			t.SortKey)
	}
	if len(t.Indexes) > maxIndexes {
		return fmt.Errorf("the table has %d indexes: DynamoDB takes %d", len(t.Indexes), maxIndexes)
	}
	seen := map[string]bool{}
	for _, i := range t.Indexes {
		if !indexName.MatchString(i.Name) || seen[i.Name] {
			return fmt.Errorf("index %q: want a unique name of 3 to 255 letters, digits, dots, dashes and underscores", i.Name)
		}
		if !attributeName.MatchString(i.PartitionKey) || i.SortKey != "" && !attributeName.MatchString(i.SortKey) || i.SortKey == i.PartitionKey {
			return fmt.Errorf("index %q has the keys %q and %q: want a partition key, and another attribute or none as sort key, each of at most "+
				"255 characters", i.Name, i.PartitionKey, i.SortKey)
		}
		seen[i.Name] = true
	}
	return t.checkCalls()
}

var variableName = regexp.MustCompile(`^[^=\s]+$`)

func (s Service) checkEnvironment() error {
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if err := checkVariable(name); err != nil {
			return err
		}
		if IsSecret(name, s.Environment[name]) {
			return fmt.Errorf("environment variable %s looks like a secret, and everyone who may describe a task can read it: keep it in Secrets "+
				`Manager and name it in Needs, as Secrets: map[string]services.Secret{"%s": {Secret: "its name or ARN"}}`, name, name)
		}
	}
	return nil
}

func checkVariable(name string) error {
	if !variableName.MatchString(name) {
		return fmt.Errorf("environment variable %q: want a name without spaces and equals signs", name)
	}
	if name == "PORT" || strings.HasSuffix(name, "_TABLE") {
		return fmt.Errorf("environment variable %s is set from the catalog: remove it", name)
	}
	return nil
}

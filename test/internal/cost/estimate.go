// Package cost estimates from synthesized templates what an environment costs to
// leave running: a month at list prices, at the least number of tasks, without
// traffic.
package cost

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/strangler/test/internal/assembly"
)

// Estimate is what an environment costs a month.
type Estimate struct {
	// Environment is the stage's name, such as "forum-dev".
	Environment string
	// Rows are what costs while nobody uses it: the services in the order of their
	// names, then what they share.
	Rows []Row
	// ByUse is what else each group pays for, in words, once somebody does.
	ByUse map[string][]string
}

// Row is what one item costs a group.
type Row struct {
	// Group is the ID of a service's stack, or Shared.
	Group string
	// What is the price's item, or says more of what it is here.
	What string
	// Count is how many resources have Size units each, in 1/1024 of a unit, as
	// Fargate's sizes are.
	Count int
	Size  int
	Price Price
	// Month is the sum for a month.
	Month Cents
}

// Shared is the group of all that belongs to no service.
const Shared = "shared"

// whole is one unit of an item that is not divided.
const whole = 1024

// Of estimates an environment. It fails on a type of resource that nobody has said
// the cost of, on a region without prices, and on what would cost more than is
// counted here; all such errors are reported at once.
func Of(stage *assembly.Stage) (Estimate, error) {
	e := &estimator{stage: stage, byUse: map[string][]string{}}
	var errs []error
	for r := range stage.Resources() {
		charge, known := charges[r.Type]
		if !known {
			charge = unknown
		}
		if err := charge(e, r); err != nil {
			errs = append(errs, fmt.Errorf("cost: stack %s: %s %s: %w", r.Stack, r.Type, r.LogicalID, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Estimate{}, err
	}
	slices.SortFunc(e.rows, order)
	return Estimate{Environment: stage.Name, Rows: e.rows, ByUse: e.byUse}, nil
}

func unknown(*estimator, assembly.Resource) error {
	return errors.New("nobody has said what it costs: add the type to test/cost/charges.go")
}

// order puts services before what they share, and rows as the prices are.
func order(a, b Row) int {
	position := func(row Row) int {
		return slices.IndexFunc(prices, func(p Price) bool { return p == row.Price })
	}
	return cmp.Or(compareGroups(a.Group, b.Group), position(a)-position(b), cmp.Compare(a.What, b.What), a.Size-b.Size)
}

func compareGroups(a, b string) int {
	last := func(group string) int {
		if group == Shared {
			return 1
		}
		return 0
	}
	return cmp.Or(last(a)-last(b), cmp.Compare(a, b))
}

// estimator collects what the resources of a stage cost.
type estimator struct {
	stage *assembly.Stage
	rows  []Row
	byUse map[string][]string
}

// add charges a resource for a number of items of a size. What says more of them
// than the item does, or is empty.
func (e *estimator) add(r assembly.Resource, item Item, what string, count, size int) error {
	stack, _ := e.stage.Stack(r.Stack)
	price, err := priceOf(item, stack.Region)
	if err != nil || count == 0 {
		return err
	}
	row := Row{Group: e.group(r), What: cmp.Or(what, string(item)), Size: size, Price: price}
	i := slices.IndexFunc(e.rows, func(other Row) bool {
		return other.Group == row.Group && other.What == row.What && other.Size == row.Size && other.Price == row.Price
	})
	if i < 0 {
		i = len(e.rows)
		e.rows = append(e.rows, row)
	}
	e.rows[i].Count += count
	e.rows[i].Month = price.month(int64(e.rows[i].Count) * int64(size))
	return nil
}

// use notes what a resource costs once somebody uses it.
func (e *estimator) use(r assembly.Resource, what string) {
	group := e.group(r)
	if words := e.byUse[group]; !slices.Contains(words, what) {
		e.byUse[group] = append(words, what)
		slices.Sort(e.byUse[group])
	}
}

// group is the service that pays for a resource: the one of its stack, or the one
// that a table is named after.
func (e *estimator) group(r assembly.Resource) string {
	for _, service := range e.stage.Services {
		if r.Stack == service.Stack || strings.HasPrefix(r.LogicalID, service.Stack+"Table") {
			return service.Stack
		}
	}
	return Shared
}

// Groups are those that have rows or pay by use, in the order of the rows.
func (e Estimate) Groups() []string {
	var groups []string
	for _, row := range e.Rows {
		groups = append(groups, row.Group)
	}
	for group := range e.ByUse {
		groups = append(groups, group)
	}
	slices.SortFunc(groups, compareGroups)
	return slices.Compact(groups)
}

// Subtotal is the sum of a group's rows.
func (e Estimate) Subtotal(group string) Cents {
	var sum Cents
	for _, row := range e.Rows {
		if row.Group == group {
			sum += row.Month
		}
	}
	return sum
}

// Total is the sum of all rows.
func (e Estimate) Total() Cents {
	var sum Cents
	for _, row := range e.Rows {
		sum += row.Month
	}
	return sum
}

// Quantity is such as "2 × 0.25", or a number alone where each is one.
func (r Row) Quantity() string {
	if r.Size == whole {
		return strconv.Itoa(r.Count)
	}
	return fmt.Sprintf("%d × %s", r.Count, strconv.FormatFloat(float64(r.Size)/whole, 'f', -1, 64))
}

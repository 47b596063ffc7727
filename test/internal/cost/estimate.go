// Package cost estimates from synthesized templates the cost of an environment that
// runs for a month of 730 hours without traffic: at list prices, with the least
// number of tasks.
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

// Estimate is the monthly cost of an environment.
type Estimate struct {
	// Environment is the stage's name, such as "shop-dev".
	Environment string
	// Rows are the costs without traffic: of the services in the order of their names,
	// then of what they share.
	Rows []Row
	// ByUse are the names of the costs that depend on use, by group, sorted.
	ByUse map[string][]string
}

// Row is the cost of one item for a group.
type Row struct {
	// Group is the ID of a service's stack, or Shared.
	Group string
	// What is the price's item, or a description of what the group uses it for.
	What string
	// Count is the number of items, Size the size of each in 1/1024 of the price's
	// unit, as Fargate's sizes are.
	Count int
	Size  int
	Price Price
	// Month is the cost of all items in a month.
	Month Cents
}

// Shared is the group of the resources that belong to no service.
const Shared = "shared"

// whole is the Size of an item of one unit.
const whole = 1024

// Of estimates an environment. It fails on a type of resource without an entry in
// charges, on a region without prices, and on a property with a cost that is not
// counted here. The error holds all of them.
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
	return errors.New("the type has no price: add it to test/internal/cost/charges.go")
}

// order compares rows: services come before Shared, and in a group the order is that
// of the prices.
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

// estimator collects the costs of the resources of a stage.
type estimator struct {
	stage *assembly.Stage
	rows  []Row
	byUse map[string][]string
}

// add charges a resource for a number of items of a size. What describes them in the
// row; an empty one stands for the item's name.
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

// use notes a cost of a resource that depends on use.
func (e *estimator) use(r assembly.Resource, what string) {
	group := e.group(r)
	if words := e.byUse[group]; !slices.Contains(words, what) {
		e.byUse[group] = append(words, what)
		slices.Sort(e.byUse[group])
	}
}

// group returns the service that pays for a resource: the service of its stack, or
// the one whose name begins the logical id of a table.
func (e *estimator) group(r assembly.Resource) string {
	for _, service := range e.stage.Services {
		if r.Stack == service.Stack || strings.HasPrefix(r.LogicalID, service.Stack+"Table") {
			return service.Stack
		}
	}
	return Shared
}

// Groups returns the groups that have rows or costs by use, in the order of the rows.
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

// Subtotal returns the sum of a group's rows.
func (e Estimate) Subtotal(group string) Cents {
	var sum Cents
	for _, row := range e.Rows {
		if row.Group == group {
			sum += row.Month
		}
	}
	return sum
}

// Total returns the sum of all rows.
func (e Estimate) Total() Cents {
	var sum Cents
	for _, row := range e.Rows {
		sum += row.Month
	}
	return sum
}

// Quantity is the count and the size in units, such as "2 × 0.25", and the count alone
// for items of one unit.
func (r Row) Quantity() string {
	if r.Size == whole {
		return strconv.Itoa(r.Count)
	}
	return fmt.Sprintf("%d × %s", r.Count, strconv.FormatFloat(float64(r.Size)/whole, 'f', -1, 64))
}

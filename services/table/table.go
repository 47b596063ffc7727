// Package table keeps the records of one feature, in DynamoDB or in memory.
//
// Every table has one shape: its partition key is id, and every index sorts by
// id. So a list is a Query on one index, and the last id of a page is all that
// it takes to find the next one.
package table

import (
	"context"
	"errors"
)

// ID is the attribute that every table is keyed by and every index sorts by.
const ID = "id"

// All is the index that lists a whole table: its key holds the same kind in
// every record. One value is one partition of the index, and that takes about
// 1,000 writes of 1 KB a second, which then also bounds the table itself:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
// When a service nears half of that, make the kind one of several ("post#0" to
// "post#9", by a hash of the id) and merge one Query for each.
var All = Index{Name: "all", Key: "kind"}

var (
	// ErrExists means that another record has the id.
	ErrExists = errors.New("the id is taken")
	// ErrNotFound means that no record has the id.
	ErrNotFound = errors.New("no record has the id")
	// ErrUnavailable means that the same call may well succeed a little later.
	ErrUnavailable = errors.New("the table is busy or out of reach")
)

// Record is what a table keeps. Its JSON fields are its attributes.
type Record interface {
	comparable
	// Keys returns the attributes that find the record: ID and the key of
	// every index. What is not a JSON field is stored as well.
	Keys() map[string]string
}

// Index is a global secondary index that carries whole records, sorted by id.
type Index struct {
	Name string
	// Key is the attribute that is the index's partition key.
	Key string
}

// Query asks for a run of the records that have one value of an index's key.
type Query struct {
	Index Index
	Value string
	// After is the id that the run starts behind. Empty means the first.
	After string
	// Limit is the number of records at most, 1 or more.
	Limit int
	// Descending means from the greatest id to the least.
	Descending bool
}

// Table is what DynamoDB and Memory both do. An error wraps ErrExists,
// ErrNotFound or ErrUnavailable where one of them applies, and says nothing of
// what a record, a query or an id holds.
type Table[T Record] interface {
	// Create adds a record unless another has its id. Creating the very same
	// record again changes nothing and is no error.
	Create(context.Context, T) error
	// Get returns the record that has the id, as the last write left it.
	Get(ctx context.Context, id string) (T, error)
	// Query returns fewer records than the limit only where there are no more.
	Query(context.Context, Query) ([]T, error)
}

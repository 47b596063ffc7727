// Package table stores the records of one feature, in DynamoDB or in memory.
//
// Every table has one shape: its partition key is id, and the sort key of every index
// is id. So a list is a Query on one index, and the next page follows from the last id
// of a page.
package table

import (
	"context"
	"errors"
)

// ID is the attribute that is the partition key of every table and the sort key of
// every index.
const ID = "id"

// All is the index that lists a whole table: its key "kind" has one value in all
// records. One value is one partition of the index, which takes about 1,000 writes of
// 1 KB a second. That also limits the table itself. When a service nears half of it,
// use several kinds ("order#0" to "order#9", by a hash of the id) and merge one Query
// for each.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
var All = Index{Name: "all", Key: "kind"}

var (
	// ErrExists means that another record has the id.
	ErrExists = errors.New("the id is taken")
	// ErrNotFound means that no record has the id.
	ErrNotFound = errors.New("no record has the id")
	// ErrUnavailable means that the same call may succeed later: DynamoDB throttles,
	// fails or does not answer in time.
	ErrUnavailable = errors.New("the table is busy or out of reach")
)

// Record is the type of a table's records. Its JSON fields are the attributes.
type Record interface {
	comparable
	// Keys returns the key attributes by name: ID and the key of every index. Those
	// that are no JSON fields are stored as well.
	Keys() map[string]string
}

// Index is a global secondary index that carries whole records, sorted by id.
type Index struct {
	// Name is the index's name in DynamoDB.
	Name string
	// Key is the attribute that is the index's partition key.
	Key string
}

// Query selects records that have one value of an index's key, sorted by id.
type Query struct {
	// Index is the index that is queried.
	Index Index
	// Value is the value of the index's key.
	Value string
	// After is the id behind which the records start. Empty means at the first.
	After string
	// Limit is the number of records at most, 1 or more.
	Limit int
	// Descending means from the greatest id to the least.
	Descending bool
}

// Table is the interface of DynamoDB and Memory. An error wraps ErrExists,
// ErrNotFound or ErrUnavailable where one of them applies, and repeats nothing of a
// record, a query or an id.
type Table[T Record] interface {
	// Create adds a record. It returns ErrExists when another record has the id. The
	// same record again is no error and changes nothing.
	Create(context.Context, T) error
	// Get returns the record that has the id, as of the last write, or ErrNotFound.
	Get(ctx context.Context, id string) (T, error)
	// Query returns fewer records than the limit only where there are no more.
	Query(context.Context, Query) ([]T, error)
}

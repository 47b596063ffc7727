package table

import (
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// ErrNoTable means that the environment names no place to keep records in.
var ErrNoTable = errors.New("nowhere to keep records")

// Source is where the environment of a program says that its tables are.
type Source struct {
	getenv func(string) string
	client func() (*dynamodb.Client, error) // one for all tables
}

// NewSource returns the source that the variables of getenv describe.
func NewSource(getenv func(string) string) Source {
	return Source{getenv, sync.OnceValues(NewClient)}
}

// Open returns the DynamoDB table that the environment variable names or, with
// STORE=memory, one in memory that holds the seed. Records are never kept in
// memory unasked: with neither it returns ErrNoTable.
func Open[T Record](s Source, variable string, seed []T) (Table[T], error) {
	name, store := s.getenv(variable), s.getenv("STORE")
	switch {
	case store != "" && store != "memory":
		return nil, fmt.Errorf("STORE is %.40q: want memory, or leave it out and name a DynamoDB table in %s", store, variable)
	case store != "" && name != "":
		return nil, fmt.Errorf("both STORE=memory and %s are set: leave one of them out", variable)
	case store != "":
		return NewMemory(seed...), nil
	case name == "":
		return nil, fmt.Errorf("%w: set %s to the name of a DynamoDB table, or STORE=memory to try the program without one", ErrNoTable, variable)
	}
	client, err := s.client()
	if err != nil {
		return nil, err
	}
	return NewDynamoDB[T](client, name), nil
}

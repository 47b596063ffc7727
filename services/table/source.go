package table

import (
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// ErrNoTable means that the environment names neither a table nor STORE=memory.
var ErrNoTable = errors.New("no table is set")

// Source opens the tables that the environment of a program names. They share one
// client.
type Source struct {
	getenv func(string) string
	client func() (*dynamodb.Client, error)
}

// NewSource returns the source of the variables that getenv returns.
func NewSource(getenv func(string) string) Source {
	return Source{getenv, sync.OnceValues(NewClient)}
}

// Open returns the DynamoDB table that the environment variable names or, with
// STORE=memory, a table in memory that holds the seed. With neither the error wraps
// ErrNoTable. Both at once, another STORE and a missing AWS_REGION are errors too.
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

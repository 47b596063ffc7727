package region

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/strangler/services/table/dynamotest"
	"example.com/strangler/test/internal/assembly"
)

// Outage is how the database fails. The zero Outage means that it works.
type Outage struct {
	// Down closes every connection without a response.
	Down bool
	// Throttled are the tables whose requests are all refused as too many.
	Throttled []string
}

// database is the embedded DynamoDB with its outages.
type database struct {
	url     string
	server  *http.Server
	content http.Handler
	outage  atomic.Pointer[Outage]
}

// startDatabase serves an empty DynamoDB on a free port of this machine.
func startDatabase() (*database, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &database{url: "http://" + listener.Addr().String(), content: dynamotest.New()}
	d.outage.Store(&Outage{})
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second, ErrorLog: errorLog}
	go func() { _ = d.server.Serve(listener) }() // until Close
	return d, nil
}

func (d *database) close() { d.server.Close() }

// ServeHTTP responds as DynamoDB does, or fails as the outage says.
func (d *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	outage := d.outage.Load()
	if outage.Down {
		panic(http.ErrAbortHandler)
	}
	if len(outage.Throttled) > 0 {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		for _, table := range outage.Throttled {
			if bytes.Contains(body, []byte(`"`+table+`"`)) {
				throttle(w)
				return
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	d.content.ServeHTTP(w, r)
}

// throttle responds as DynamoDB does when a table gets more requests than its capacity:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
func throttle(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w,
		`{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"The rate of requests is too high."}`)
}

// environment returns the variables that make a program's AWS SDK use the database.
func (d *database) environment() map[string]string { return dynamotest.Environment(d.url) }

// create creates a table of the templates with a physical id.
func (d *database) create(ctx context.Context, id string, table assembly.Table) error {
	schema := dynamotest.Schema{Key: dynamotest.Key(table.Key), Indexes: map[string]dynamotest.Key{}}
	for _, index := range table.GlobalIndexes {
		schema.Indexes[index.Name] = dynamotest.Key(index.Key)
	}
	return dynamotest.Create(ctx, d.client(), tableName(id), schema)
}

func (d *database) delete(ctx context.Context, id string) error {
	_, err := d.client().DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String(tableName(id))})
	return err
}

func (d *database) client() *dynamodb.Client {
	variables := d.environment()
	return dynamodb.New(dynamodb.Options{
		BaseEndpoint: &d.url,
		Region:       variables["AWS_REGION"],
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(variables["AWS_ACCESS_KEY_ID"],
			variables["AWS_SECRET_ACCESS_KEY"], "")),
	})
}

var notInTableName = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// tableName returns the name of the table with a physical id.
func tableName(id string) string {
	return notInTableName.ReplaceAllString(strings.Trim(id, "${}"), "-")
}

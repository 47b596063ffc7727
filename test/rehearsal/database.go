package main

import (
	"context"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/forum/test/assembly"
	"example.com/forum/test/dynamo"
)

// database is the embedded DynamoDB.
type database struct {
	url    string
	server *http.Server
	// created are the names of the tables that are there.
	created map[string]bool
}

// startDatabase serves an empty DynamoDB on a free port of this machine.
func startDatabase() (*database, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &database{url: "http://" + listener.Addr().String(), created: map[string]bool{}}
	d.server = &http.Server{Handler: dynamo.New(), ReadHeaderTimeout: requestTimeout}
	go d.server.Serve(listener)
	return d, nil
}

func (d *database) close() { d.server.Close() }

// environment leads a program's AWS SDK to the database.
func (d *database) environment() map[string]string { return dynamo.Environment(d.url) }

// create makes the tables that the templates declare and that are not there yet.
func (d *database) create(ctx context.Context, stage *assembly.Stage) error {
	variables := d.environment()
	client := dynamodb.New(dynamodb.Options{
		BaseEndpoint: &d.url,
		Region:       variables["AWS_REGION"],
		Credentials:  aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], "")),
	})
	for _, table := range stage.Tables {
		name := tableName(table)
		if d.created[name] {
			continue
		}
		schema := dynamo.Schema{Key: dynamo.Key(table.Key), Indexes: map[string]dynamo.Key{}}
		for _, index := range table.GlobalIndexes {
			schema.Indexes[index.Name] = dynamo.Key(index.Key)
		}
		if err := dynamo.Create(ctx, client, name, schema); err != nil {
			return err
		}
		d.created[name] = true
	}
	return nil
}

var notInTableName = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// tableName is the physical name that stands for a table's identity.
func tableName(table assembly.Table) string {
	return notInTableName.ReplaceAllString(strings.Trim(table.Identity(), "${}"), "-")
}

package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"example.com/strangler/constructs"
	"example.com/strangler/services"
)

// Data is one table for each service that asks for one. The stack changes only
// with the catalog's tables, never with a deployment of a program.
type Data struct {
	// Stack is nil where no service has a table: CloudFormation takes no empty one.
	Stack awscdk.Stack
	// Tables are found by the name of the service that owns them.
	Tables map[string]*constructs.Table
}

// DataProps say which tables there are.
type DataProps struct {
	Environment Environment
	// Catalog is complete.
	Catalog services.Catalog
}

// NewData creates the tables.
func NewData(scope awscdk.Stage, id string, props *DataProps) *Data {
	e := props.Environment
	data := &Data{Tables: map[string]*constructs.Table{}}
	for _, s := range e.runs(props.Catalog) {
		if s.Table == nil {
			continue
		}
		if data.Stack == nil {
			data.Stack = newStack(scope, id, e, "Tables")
		}
		table := constructs.NewTable(data.Stack, s.ID()+"Table", &constructs.TableProps{Owner: s})
		pin(data.Stack, table.Table.TableArn(), table.Table.TableName())
		data.Tables[s.Name] = table
	}
	return data
}

// of are the tables that a service may use: its own.
func (d *Data) of(s services.Service) []*constructs.Table {
	if table := d.Tables[s.Name]; table != nil {
		return []*constructs.Table{table}
	}
	return nil
}

// ofMonolith are the tables that the monolith may use: its own, and that of each
// service that is not yet strangled. That of a worker is the worker's alone.
func (d *Data) ofMonolith(catalog services.Catalog, m services.Migration) []*constructs.Table {
	var tables []*constructs.Table
	for _, s := range catalog.WithPaths() {
		if !m.Services[s.Name].Strangled {
			tables = append(tables, d.of(s)...)
		}
	}
	return tables
}

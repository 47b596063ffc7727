// Command catalog prints the catalog that app.go deploys, as JSON.
package main

import (
	"encoding/json"
	"log"
	"os"

	"example.com/strangler/test/internal/example"
)

func main() {
	if err := json.NewEncoder(os.Stdout).Encode(example.Catalog()); err != nil {
		log.Fatal(err)
	}
}

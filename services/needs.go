package services

import (
	"fmt"
	"slices"
)

// Needs are what a program needs of AWS and of the network, besides its table and the
// programs that it calls.
type Needs struct {
	// Secrets are read when a task starts, into the variables that are the keys. ECS
	// reads them; the program itself has no right to. A task that runs keeps what it was
	// started with. Empty means none.
	Secrets map[string]Secret
	// Permissions are what the program's own role may do. Empty means nothing.
	Permissions []Permission
	// Egress are connections that the program opens. Empty means none.
	Egress []Egress
}

// check refuses a permission that is not exact and a way out that leads nowhere.
func (n Needs) check() error {
	for _, p := range n.Permissions {
		if err := p.check(); err != nil {
			return err
		}
	}
	for i, e := range n.Egress {
		if err := e.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(n.Egress[:i], e.same) {
			return fmt.Errorf("egress to %s is there twice: remove one", e)
		}
	}
	return nil
}

// sets reports whether the catalog gives the program a variable of that name itself.
func (s Service) sets(variable string) bool {
	_, plain := s.Environment[variable]
	_, secret := s.Needs.Secrets[variable]
	return plain || secret
}

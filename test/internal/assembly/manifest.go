package assembly

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Types of artifacts in a manifest.
const (
	stackArtifact  = "aws:cloudformation:stack"
	assetManifest  = "cdk:asset-manifest"
	nestedAssembly = "cdk:cloud-assembly"
)

// manifest is the table of contents of one assembly directory.
//
// https://docs.aws.amazon.com/cdk/api/v2/docs/cloud-assembly-schema-readme.html
type manifest struct {
	Artifacts map[string]artifact
}

type artifact struct {
	Type         string
	Environment  string
	DisplayName  string
	Dependencies []string
	// AdditionalMetadataFile maps constructs to logical ids.
	AdditionalMetadataFile string
	Properties             struct {
		TemplateFile          string
		StackName             string
		TerminationProtection bool
		File                  string
		DirectoryName         string
		DisplayName           string
	}
}

func readManifest(dir string) (manifest, error) {
	var m manifest
	err := readJSON(filepath.Join(dir, "manifest.json"), &m)
	return m, err
}

// ofType returns the sorted ids of the artifacts of one type.
func (m manifest) ofType(artifactType string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(m.Artifacts)) {
		if m.Artifacts[id].Type == artifactType {
			ids = append(ids, id)
		}
	}
	return ids
}

// images returns the image assets of the assembly in dir by the end of the
// references to them, "repository:tag".
func (m manifest) images(dir string) (map[string]Image, error) {
	images := map[string]Image{}
	for _, id := range m.ofType(assetManifest) {
		var assets struct {
			DockerImages map[string]struct {
				Source       struct{ Directory string }
				Destinations map[string]struct{ RepositoryName, ImageTag string }
			}
		}
		if err := readJSON(filepath.Join(dir, m.Artifacts[id].Properties.File), &assets); err != nil {
			return nil, err
		}
		for hash, image := range assets.DockerImages {
			folder := ""
			if image.Source.Directory != "" {
				folder = image.Source.Directory
				if !filepath.IsAbs(folder) {
					folder = filepath.Join(dir, folder)
				}
			}
			for _, destination := range image.Destinations {
				images[destination.RepositoryName+":"+destination.ImageTag] = Image{Asset: hash, Folder: folder}
			}
		}
	}
	return images, nil
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

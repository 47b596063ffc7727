package constructs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"example.com/strangler/services"
)

// Images turns the sources in a catalog into container images.
type Images struct {
	root, staging string
	services      []services.Service
	staged        chan struct{}
	err           error
}

// StageImages starts to build the services' images: it compiles their Go programs for
// linux/arm64 and copies each one, with the Dockerfile that all share, into a folder of
// its own below staging. An unchanged program keeps its bytes and so its image hash,
// whatever else in the module changes.
//
// Paths in the catalog are relative to root, the module's folder. The work runs in the
// background while Node loads the CDK. Call Wait before the images are used.
func StageImages(root, staging string, all []services.Service) *Images {
	i := &Images{root: root, staging: staging, services: all, staged: make(chan struct{})}
	go func() {
		defer close(i.staged)
		i.err = i.stageAll()
	}()
	return i
}

// Wait returns when the images are ready. The error is the compiler's, or names
// the folder without a Dockerfile.
func (i *Images) Wait() error {
	<-i.staged
	return i.err
}

func (i *Images) stageAll() error {
	var err error
	if i.root, err = filepath.Abs(i.root); err != nil {
		return err
	}
	if i.staging, err = filepath.Abs(i.staging); err != nil {
		return err
	}
	programs, err := i.programs()
	if err != nil || len(programs) == 0 {
		return err
	}
	if err := i.compile(programs); err != nil {
		return err
	}
	for _, program := range programs {
		if err := i.stage(program); err != nil {
			return err
		}
	}
	return nil
}

// programs lists the Go programs, each once, and refuses a folder that cannot be built.
func (i *Images) programs() ([]string, error) {
	var programs []string
	for _, s := range i.services {
		switch {
		case s.Image.Program != "" && !slices.Contains(programs, s.Image.Program):
			programs = append(programs, s.Image.Program)
		case s.Image.Folder != "":
			if _, err := os.Stat(filepath.Join(i.root, s.Image.Folder, "Dockerfile")); err != nil {
				return nil, fmt.Errorf("image of %q: %w", s.Name, err)
			}
		}
	}
	return programs, nil
}

// compile builds all programs in one run of the go command, which links again
// only what changed because the binaries of the last run are still in place.
func (i *Images) compile(programs []string) error {
	names := map[string]string{}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", i.binaries() + string(filepath.Separator)}
	for _, program := range programs {
		if other, taken := names[filepath.Base(program)]; taken {
			return fmt.Errorf("programs %s and %s: rename one folder, the name of a binary is the folder's", other, program)
		}
		names[filepath.Base(program)] = program
		args = append(args, "./"+filepath.ToSlash(program))
	}
	build := exec.Command("go", args...)
	build.Dir = i.root
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	output, err := build.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("go build: %s", firstError(output))
	}
	return err
}

// firstError is the Go compiler's first error. Lines that begin with # name a package.
func firstError(output []byte) string {
	for line := range strings.Lines(string(output)) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line)
		}
	}
	return "no reason given"
}

// stage writes a program's build context. It does not rewrite a file that is already
// right, because another run of the app may be reading it.
func (i *Images) stage(program string) error {
	folder := i.context(program)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	binary := filepath.Join(i.binaries(), filepath.Base(program))
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%s gives no binary: want a main package", program)
	}
	if err := link(binary, filepath.Join(folder, "service")); err != nil {
		return err
	}
	dockerfile, err := os.ReadFile(filepath.Join(i.root, "services", "Dockerfile"))
	if err != nil {
		return err
	}
	staged := filepath.Join(folder, "Dockerfile")
	if old, err := os.ReadFile(staged); err == nil && bytes.Equal(old, dockerfile) {
		return nil
	}
	return os.WriteFile(staged, dockerfile, 0o644)
}

// link replaces name with a hard link to file.
func link(file, name string) error {
	want, err := os.Stat(file)
	if err != nil {
		return err
	}
	if have, err := os.Stat(name); err == nil {
		if os.SameFile(want, have) {
			return nil
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return os.Link(file, name)
}

func (i *Images) binaries() string { return filepath.Join(i.staging, "bin") }

func (i *Images) context(program string) string {
	return filepath.Join(i.staging, "context", filepath.Base(program))
}

// image is the container image of a service.
func (i *Images) image(scope constructs.Construct, source services.Image) awsecs.ContainerImage {
	if source.Registry != "" {
		return registryImage(scope, source)
	}
	folder := filepath.Join(i.root, source.Folder)
	if source.Program != "" {
		folder = i.context(source.Program)
	}
	return awsecs.ContainerImage_FromDockerImageAsset(awsecrassets.NewDockerImageAsset(scope, jsii.String("Image"), &awsecrassets.DockerImageAssetProps{
		Directory: jsii.String(folder),
		Platform:  awsecrassets.Platform_LINUX_ARM64(),
	}))
}

// registryImage grants the execution role the right to pull when the image is in ECR.
func registryImage(scope constructs.Construct, source services.Image) awsecs.ContainerImage {
	image, ok := source.ECR()
	if !ok {
		return awsecs.ContainerImage_FromRegistry(&source.Registry, nil)
	}
	repository := awsecr.Repository_FromRepositoryAttributes(scope, jsii.String("Repository"), &awsecr.RepositoryAttributes{
		RepositoryName: &image.Repository,
		RepositoryArn: awscdk.Stack_Of(scope).FormatArn(&awscdk.ArnComponents{
			Service: jsii.String("ecr"), Region: &image.Region, Account: &image.Account,
			Resource: jsii.String("repository"), ResourceName: &image.Repository,
		}),
	})
	return awsecs.ContainerImage_FromEcrRepository(repository, &image.Version)
}

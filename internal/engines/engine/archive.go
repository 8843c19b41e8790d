package engine

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// descriptor refers to a blob (OCI image specification, "Content Descriptors").
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type imageIndex struct {
	SchemaVersion int          `json:"schemaVersion"`
	Manifests     []descriptor `json:"manifests"`
}

type imageManifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type imageConfig struct {
	Architecture string         `json:"architecture"`
	OS           string         `json:"os"`
	Config       processConfig  `json:"config"`
	RootFS       imageLayerList `json:"rootfs"`
}

type processConfig struct {
	Env        []string `json:",omitempty"`
	Entrypoint []string `json:",omitempty"`
	Cmd        []string `json:",omitempty"`
}

type imageLayerList struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// Media types in the OCI image specification.
const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

// ImageArchive makes an OCI image layout, in a tar archive, with one layer made by [Image].
// It is for engines that do not import a bare root file system. By default the image runs
// the command.
func ImageArchive(archive, layer, name string, command ...string) error {
	content, err := os.ReadFile(layer)
	if err != nil {
		return err
	}
	blobs := make(map[string][]byte)
	add := func(mediaType string, blob []byte) descriptor {
		digest := sha256.Sum256(blob)
		blobs["blobs/sha256/"+hex.EncodeToString(digest[:])] = blob
		return descriptor{MediaType: mediaType, Digest: "sha256:" + hex.EncodeToString(digest[:]), Size: int64(len(blob))}
	}
	addJSON := func(mediaType string, value any) descriptor {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err) // only strings and numbers
		}
		return add(mediaType, text)
	}
	layerDescriptor := add(layerType, content)
	config := addJSON(configType, imageConfig{
		Architecture: "amd64",
		OS:           "linux",
		Config:       processConfig{Env: []string{"PATH=/bin"}, Cmd: command},
		RootFS:       imageLayerList{Type: "layers", DiffIDs: []string{layerDescriptor.Digest}},
	})
	manifest := addJSON(manifestType, imageManifest{
		SchemaVersion: 2, MediaType: manifestType, Config: config, Layers: []descriptor{layerDescriptor},
	})
	manifest.Annotations = map[string]string{
		"io.containerd.image.name":          name,
		"org.opencontainers.image.ref.name": name,
	}
	index, err := json.Marshal(imageIndex{SchemaVersion: 2, Manifests: []descriptor{manifest}})
	if err != nil {
		return err
	}
	blobs["index.json"] = index
	blobs["oci-layout"] = []byte(`{"imageLayoutVersion":"1.0.0"}`)
	return writeArchive(archive, blobs)
}

func writeArchive(archive string, files map[string][]byte) error {
	out, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer out.Close()
	writer := tar.NewWriter(out)
	for name, content := range files {
		header := tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}
		if err := writer.WriteHeader(&header); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := writer.Write(content); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return errors.Join(writer.Close(), out.Close())
}

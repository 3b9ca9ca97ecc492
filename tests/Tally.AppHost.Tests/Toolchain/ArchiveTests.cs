using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Tally.AppHost.Tests.Support;
using Tally.AppHost.Toolchain;

namespace Tally.AppHost.Tests.Toolchain;

public sealed class ArchiveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_outermost_folder_is_left_out_and_modes_are_kept()
    {
        Write(("package/bin/run", "#!/bin/sh"), ("package/docs/read.me", "text"));

        await Archive.UnpackAsync(_folder.In("a.tgz"), _folder.In("out"), name => name.StartsWith("bin/", StringComparison.Ordinal), CancellationToken.None);

        Assert.Equal("#!/bin/sh", await File.ReadAllTextAsync(_folder.In("out/bin/run")));
        Assert.True(File.GetUnixFileMode(_folder.In("out/bin/run")).HasFlag(UnixFileMode.UserExecute));
        Assert.False(Directory.Exists(_folder.In("out/docs")));
    }

    [Fact]
    public async Task Nothing_is_written_outside_of_the_folder()
    {
        Write(("package/../../escaped", "x"));

        await Assert.ThrowsAsync<InvalidDataException>(
            () => Archive.UnpackAsync(_folder.In("a.tgz"), _folder.In("out"), keep: null, CancellationToken.None));
        Assert.False(File.Exists(_folder.In("escaped")));
    }

    [Fact]
    public async Task A_hash_tells_one_file_from_another()
    {
        await File.WriteAllTextAsync(_folder.In("abc"), "abc");
        const string OfAbc = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        const string Sha256OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

        Assert.True(await Archive.HasIntegrityAsync(_folder.In("abc"), OfAbc, CancellationToken.None));
        Assert.True(await Archive.HasSha256Async(_folder.In("abc"), Sha256OfAbc, CancellationToken.None));
        await File.AppendAllTextAsync(_folder.In("abc"), "d");
        Assert.False(await Archive.HasIntegrityAsync(_folder.In("abc"), OfAbc, CancellationToken.None));
        Assert.False(await Archive.HasSha256Async(_folder.In("abc"), Sha256OfAbc, CancellationToken.None));
    }

    private void Write(params (string Name, string Text)[] files)
    {
        using var zip = new GZipStream(File.Create(_folder.In("a.tgz")), CompressionLevel.Fastest);
        using var tar = new TarWriter(zip);
        foreach (var (name, text) in files)
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name)
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)),
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            });
        }
    }
}

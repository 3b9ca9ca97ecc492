using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Tally.AppHost.Toolchain;

/// <summary>Unpacks and checks archives.</summary>
internal static class Archive
{
    /// <summary>Unpacks a .tgz without its outermost folder, keeping modes and links.</summary>
    /// <param name="archive">The file.</param>
    /// <param name="folder">Where its contents go.</param>
    /// <param name="keep">Which entries, by their path without the outermost folder; null keeps all.</param>
    /// <param name="cancellationToken">Stops unpacking.</param>
    public static async Task UnpackAsync(string archive, string folder, Func<string, bool>? keep, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(archive);
        await using var zip = new GZipStream(file, CompressionMode.Decompress);
        await using var tar = new TarReader(zip);
        var root = Path.GetFullPath(folder) + Path.DirectorySeparatorChar;
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            var name = entry.Name[(entry.Name.IndexOf('/', StringComparison.Ordinal) + 1)..];
            if (name.Length == 0 || entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes || keep?.Invoke(name) == false)
            {
                continue;
            }

            var target = Path.GetFullPath(Path.Combine(folder, name));
            if (!target.StartsWith(root, StringComparison.Ordinal))
            {
                throw new InvalidDataException($"'{archive}' holds '{entry.Name}', which lies outside of its own folder.");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            await entry.ExtractToFileAsync(target, overwrite: true, cancellationToken);
        }
    }

    /// <summary>Whether a file has an SHA-512 in the form that npm writes: <c>sha512-</c> and base64.</summary>
    /// <param name="file">The file.</param>
    /// <param name="integrity">The hash.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<bool> HasIntegrityAsync(string file, string integrity, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return "sha512-" + Convert.ToBase64String(await SHA512.HashDataAsync(stream, cancellationToken)) == integrity;
    }

    /// <summary>Whether a file has an SHA-256, in hexadecimal digits.</summary>
    /// <param name="file">The file.</param>
    /// <param name="hash">The hash.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<bool> HasSha256Async(string file, string hash, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)) == hash;
    }
}

using System.Globalization;
using Tally.AppHost.Hosting;

namespace Tally.AppHost.Toolchain;

/// <summary>Remembers in a file when something failed, so that starts don't wait for it again and again.</summary>
/// <param name="component">What it is part of.</param>
/// <param name="file">The file. It holds the time of the last failure, and why.</param>
/// <param name="time">The clock.</param>
internal sealed class FailedAttempt(string component, string file, TimeProvider time)
{
    private static readonly TimeSpan Rest = TimeSpan.FromDays(1);

    /// <summary>Whether it failed less than a day ago. A time that lies ahead is from a clock that went wrong, and doesn't count.</summary>
    /// <exception cref="SystemProblemException">The file can't be read.</exception>
    public bool IsRecent()
    {
        try
        {
            return DateTimeOffset.TryParse(
                    File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var last)
                && time.GetUtcNow() - last is var age && age >= TimeSpan.Zero && age < Rest;
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SystemProblemException(component, $"'{file}' can't be read: {problem.Message} Remove it.", problem);
        }
    }

    /// <summary>Notes that it failed now.</summary>
    /// <param name="why">Why, for people who look into the file.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Note(string why) => File.WriteAllText(file, $"{time.GetUtcNow():O}\n{why}\n");
}

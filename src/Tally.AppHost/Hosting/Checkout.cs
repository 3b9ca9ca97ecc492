namespace Tally.AppHost.Hosting;

/// <summary>The checkout that this program was built in.</summary>
internal static class Checkout
{
    /// <summary>What lies in its root.</summary>
    public const string Solution = "Tally.slnx";

    /// <summary>Its root, or null where the program was moved elsewhere.</summary>
    public static string? TryFindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, Solution)))
            {
                return folder;
            }
        }

        return null;
    }
}

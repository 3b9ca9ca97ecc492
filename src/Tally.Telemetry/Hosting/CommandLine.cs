namespace Tally.Telemetry.Hosting;

/// <summary>Finds arguments that the configuration would silently pass over.</summary>
internal static class CommandLine
{
    public static List<string> Faults(string[] args)
    {
        var faults = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            var isKey = args[i].StartsWith("--", StringComparison.Ordinal) && args[i].Length > 2;
            if (!isKey)
            {
                faults.Add($"'{args[i]}' is not a setting; settings are given as --Section:Name=value.");
            }
            else if (!args[i].Contains('=', StringComparison.Ordinal))
            {
                // The value is the next argument.
                i++;
                if (i == args.Length)
                {
                    faults.Add($"{args[i - 1][2..]} has no value; settings are given as --Section:Name=value.");
                }
            }
        }

        return faults;
    }
}

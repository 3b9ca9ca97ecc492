using Npgsql;

namespace Tally;

/// <summary>Whether a connection string can be used at all, found out before anything is made from it, and without connecting.</summary>
internal static class ConnectionStringCheck
{
    /// <summary>A sentence about what is wrong with <c>section:ConnectionString</c>, or null.</summary>
    public static string? FaultOf(string section, string connectionString)
    {
        try
        {
            // Building checks what parsing alone doesn't: that there is a host, and that settings fit together.
            NpgsqlDataSource.Create(connectionString).Dispose();
            return null;
        }
        catch (Exception refused) when (refused is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException)
        {
            // Without its value: it may hold a password.
            return $"{section}:ConnectionString can't be read: {refused.Message}";
        }
    }
}

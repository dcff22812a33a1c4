#!/usr/bin/ruby
# vagrant_dump.rb: loads Vagrantfiles through Vagrant's own Ruby API and prints, as JSON, what Vagrant understood: machines, box, host name,
# provider settings, networks, synced folders, disks, cloud-init, provisioners, triggers, settings it does not know. It is the independent
# truth for the tests of Vagrantfile generation. Starts no VM; needs no provider, no box, no network.
#   vagrant_dump.rb [DIR]     DIR (else VAGRANT_CWD, else the current folder) holds the Vagrantfile, or the one VAGRANT_VAGRANTFILE names.
#   vagrant_dump.rb --batch   reads lines of JSON {"id", "text"} from stdin, prints a line {"id", "machines", …} or {"id", "error"} for each.
# Each machine is read for the provider that it names first, VAGRANT_DUMP_PROVIDER (default virtualbox) where it names none. The plugins
# vagrant-proxmox and vagrant-wsl2-provider need not be there: stand-ins with exactly their options (test/truth/vagrant/options.json) read
# their blocks. Exit 0 and JSON, or 1 and Vagrant's message on stderr. Needs Debian's `vagrant` package and its ruby.
# It runs the Vagrantfiles as Ruby: only for files that the tests made.
require "fileutils"
require "json"
require "pathname"
require "tmpdir"

batch = ARGV[0] == "--batch"
dir = File.expand_path((batch ? nil : ARGV[0]) || ENV["VAGRANT_CWD"] || Dir.pwd)
file = ENV["VAGRANT_VAGRANTFILE"] || "Vagrantfile"
abort "vagrant_dump: no #{file} in #{dir}" unless batch || File.file?(File.join(dir, file)) # Vagrant would search the parent folders
OWN = Dir.mktmpdir("vagrant-dump")
at_exit { FileUtils.rm_rf(OWN) }
ENV["VAGRANT_CWD"] = OWN
ENV["VAGRANT_HOME"] ||= File.join(OWN, "home")          # not the user's boxes and plugins
ENV["VAGRANT_DOTFILE_PATH"] ||= File.join(OWN, "dot")   # no .vagrant folder beside the file
ENV["VAGRANT_CHECKPOINT_DISABLE"] = "1"
ENV["VAGRANT_DISABLE_RESOLV_REPLACE"] ||= "1"
ENV["VAGRANT_EXPERIMENTAL"] ||= "disks,cloud_init,dependency_provisioners" # before 2.4 these are read only so
begin
  require "vagrant"
rescue LoadError
  abort "vagrant_dump: this ruby (#{RbConfig.ruby}) has no vagrant: install Debian's vagrant package and use /usr/bin/ruby"
end

# Each of Vagrant's config objects makes a logger of its own, and log4r compiles code for each: two thirds of the time. Nobody reads them here.
Log4r::Logger.singleton_class.prepend(Module.new { def new(*) = (@only_one ||= super("vagrant-dump")) })

FALLBACK = (ENV["VAGRANT_DUMP_PROVIDER"] || "virtualbox").to_sym
OPTIONS = JSON.parse(File.read(File.join(__dir__, "../truth/vagrant/options.json"), encoding: "UTF-8"))["providers"]

def plain(v, depth = 0)
  return nil if v.equal?(Vagrant::Plugin::V2::Config::UNSET_VALUE)
  return "…" if depth > 24
  case v
  when nil, true, false, Integer, Float then v
  when String then v.encode("UTF-8").scrub
  when Symbol then v.to_s
  when Range then v.to_s
  when Proc then "<proc>"
  when Hash then v.each_with_object({}) { |(k, x), h| h[k.to_s] = plain(x, depth + 1) }
  when Array, Set then v.map { |x| plain(x, depth + 1) }
  when Vagrant::Plugin::V2::Config
    v.instance_variables_hash.reject { |k, _| k.start_with?("_") || k == "logger" }
     .each_with_object({}) { |(k, x), h| h[k] = plain(x, depth + 1) }
  else v.to_s
  end
end

# Settings Vagrant does not know: it collects them silently and complains only when a machine is validated.
def unknown(config)
  config.is_a?(Vagrant::Plugin::V2::Config) ? (config.instance_variable_get(:@__invalid_methods) || []).to_a.map(&:to_s).sort : []
end

# /etc/wsl.conf as the WSL plugin takes it: any section, any key.
class WslConf < BasicObject
  def initialize; @sections = {}; end
  def sections; @sections; end
  def inspect; "wsl.conf"; end
  def method_missing(name, *_)
    section = (@sections[name.to_s] ||= {})
    keys = ::Object.new
    keys.define_singleton_method(:method_missing) { |key, *args| key.to_s.end_with?("=") ? section[key.to_s.chomp("=")] = args[0] : super(key, *args) }
    keys.define_singleton_method(:respond_to_missing?) { |*| true }
    keys
  end
end

# Stand-ins for the two plugins: their options and nothing else, so that a misspelt one is seen.
def stand_in(option_names, conf: false)
  names = option_names.reject { |name| conf && name == "wsl_conf" }
  Class.new(Vagrant.plugin("2", :config)) do
    attr_accessor(*names.map(&:to_sym))
    if conf
      define_method(:wsl_conf) { @wsl_conf ||= WslConf.new }
      { systemd: %w[boot systemd], boot_command: %w[boot command], hostname: %w[network hostname], default_user: %w[user default] }.each do |name, (section, key)|
        define_method("#{name}=") { |value| (wsl_conf.sections[section] ||= {})[key] = value }
      end
    end
    define_method(:instance_variables_hash) do
      super().transform_values { |v| WslConf === v ? v.sections : v }
    end
  end
end
STAND_INS = { proxmox: stand_in(OPTIONS["proxmox"]["options"].keys), wsl2: stand_in(OPTIONS["wsl2"]["options"].keys, conf: true) }
Class.new(Vagrant.plugin("2")) do
  name "stand-ins for absent plugins"
  STAND_INS.each { |provider, config_class| config(provider, :provider) { config_class } }
end

VM_SETTINGS = %w[allow_fstab_modification allow_hosts_modification base_address base_mac boot_timeout box box_architecture box_check_update box_download_checksum
  box_download_checksum_type box_download_insecure box_url box_version clone communicator graceful_halt_timeout guest hostname ignore_box_vagrantfile post_up_message usable_port_range].freeze

def trigger(t)
  plain(t).reject { |k, _| k == "id" }
end

# What Docker's and Podman's methods collected.
def containers(config)
  return {} unless config.respond_to?(:pull_images)
  %i[images build_images containers].to_h { |key| [key.to_s, plain(config.public_send(key))] }
end

def machine(vf, name, opts)
  # validate_provider=false (5th argument), boxes=nil: no box is read, no provider is activated
  c = vf.machine_config(name, FALLBACK, nil, nil, false)
  first = c[:config].vm.instance_variable_get(:@__provider_order).first
  provider = first || FALLBACK
  # A block with two arguments changes settings outside of the provider: only then does it matter for whom the file is read.
  c = vf.machine_config(name, provider, nil, nil, false) if provider != FALLBACK && c[:config].vm.get_provider_overrides(provider).any?
  config = c[:config]
  vm = config.vm
  settings = vm.get_provider_config(provider)
  {
    "name" => name.to_s, "options" => plain(opts), "autostart" => (opts || {}).fetch(:autostart, true),
    "vm" => VM_SETTINGS.to_h { |key| [key, plain(vm.respond_to?(key) ? vm.public_send(key) : nil)] },
    "provider" => provider.to_s, "named_provider" => first&.to_s, "provider_config" => plain(settings),
    "networks" => vm.networks.map { |type, o| { "type" => type.to_s, "options" => plain(o.reject { |k, v| k == :id && v.to_s.match?(/\A\h{8}-\h{4}-/) }) } },
    "synced_folders" => vm.synced_folders.map { |id, o| plain(o).merge("id" => id.to_s) },
    "disks" => vm.disks.map { |d| plain(d).reject { |k, _| k == "id" } },
    "cloud_init" => vm.cloud_init_configs.map { |d| plain(d).reject { |k, _| k == "id" } },
    "provisioners" => vm.provisioners.map { |p| { "name" => p.name&.to_s, "type" => p.type.to_s, "run" => plain(p.run),
      "before" => plain(p.before), "after" => plain(p.after), "config" => plain(p.config).merge(containers(p.config)) } },
    "triggers" => { "before" => config.trigger.before_triggers.map { |t| trigger(t) }, "after" => config.trigger.after_triggers.map { |t| trigger(t) } },
    "ssh" => plain(config.ssh), "winrm" => plain(config.winrm), "vagrant_settings" => plain(config.vagrant),
    "unknown_settings" => { "vm" => unknown(vm), "provider" => unknown(settings), "ssh" => unknown(config.ssh), "winrm" => unknown(config.winrm),
      "disks" => vm.disks.flat_map { |d| unknown(d) }, "cloud_init" => vm.cloud_init_configs.flat_map { |d| unknown(d) },
      "provisioners" => vm.provisioners.flat_map { |p| unknown(p.config).map { |k| "#{p.type}.#{k}" } } }.reject { |_, v| v.empty? },
    "messages" => [*c[:config_warnings], *c[:config_errors]].map(&:to_s),
  }
end

def read(path)
  loader = Vagrant::Config::Loader.new(Vagrant::Config::VERSIONS, Vagrant::Config::VERSIONS_ORDER)
  loader.set(:root, Pathname.new(path))
  vf = Vagrant::Vagrantfile.new(loader, %i[root])
  options = vf.machine_names_and_options
  { "vagrant" => Vagrant::VERSION, "primary" => vf.primary_machine_name&.to_s, "machines" => vf.machine_names.map { |name| machine(vf, name, options[name]) } }
end

Vagrant::Environment.new(cwd: OWN, ui_class: Vagrant::UI::Silent) # loads the built-in plugins
# Vagrant before 2.4 does not know this setting; to read it back is all that is asked here.
VM = Vagrant.plugin("2").manager.config[:vm]
VM.class_eval { attr_accessor :box_architecture } unless VM.method_defined?(:box_architecture)
if batch
  path = File.join(OWN, "batch.vagrantfile")
  answers = $stdout
  answers.sync = true
  $stdout = $stderr # what a Vagrantfile prints itself
  $stdin.set_encoding("UTF-8")
  $stdin.each_line do |line|
    asked = JSON.parse(line)
    File.binwrite(path, asked["text"])
    answer = begin
      read(path)
    rescue Exception => e # SyntaxError is no StandardError
      raise if e.is_a?(Interrupt)
      { "error" => "#{e.class}: #{e.message}", "trace" => (e.backtrace || []).first(6) }
    end
    answers.puts JSON.generate({ "id" => asked["id"] }.merge(answer))
  end
else
  begin
    puts JSON.pretty_generate(read(File.join(dir, file)))
  rescue Vagrant::Errors::VagrantError => e
    abort "vagrant_dump: #{e.message}"
  end
end
